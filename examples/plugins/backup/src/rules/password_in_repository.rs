//! A password in the project.

use rick_plugin_sdk::slots::Piece;
use rick_plugin_sdk::{Diagnostics, Rule, Severity, error};

use crate::destination::Destination;

pub const RULE: Rule = Rule {
    code: "BK005",
    name: "password-in-repository",
    severity: Severity::Error,
    waivable: false,
    what: "a repository with a password in its address",
    why: "rick.toml is read by everybody who reads the project, and the address is shown wherever somebody asks where backups go.",
    example: "[postgres]\n[backup]\n# rick.toml\n[plugins.backup]\nrepository = \"rest:https://web1:hunter2@nas.acme.dev/\"\n",
    use_instead: "[postgres]\n[backup]\n# rick.toml\n[plugins.backup]\nrepository = [\"rest:https://web1:\", { secret = \"nas_password\", encode = [\"percent\"] }, \"@nas.acme.dev/\"]\n",
    source: "https://restic.readthedocs.io/en/stable/030_preparing_a_new_repo.html#rest-server",
};

pub fn check(to: &Destination, out: &mut Diagnostics) {
    let Some(Piece::Text(first)) = to.repository.first() else { return };
    let Some((scheme, rest)) = first.split_once("://") else { return };
    let authority = rest.split('/').next().unwrap_or_default();
    let Some((user, _)) = authority.rsplit_once('@').and_then(|(user, _)| user.split_once(':')) else { return };
    let message = format!("the password of `{user}` stands in the repository's address");
    let help =
        format!("write `repository = [\"{scheme}://{user}:\", {{ secret = \"name\", encode = [\"percent\"] }}, \"@host/\"]`");
    out.push(error(RULE.code, message, to.place.clone()).help(help));
}
