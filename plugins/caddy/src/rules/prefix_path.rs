//! A public path that means more than it says.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, set, table};

use crate::Caddy;

pub const RULE: Rule = Rule {
    code: "CA012",
    name: "path-by-its-beginning",
    severity: Severity::Error,
    waivable: true,
    what: "a path in `public` or `protected` that ends in `*` without a slash before it",
    why: "`/health*` is also /healthadmin. `/health` is one path, and `/health/*` is what is below it.",
    example: behind_sign_on!("public = [\"/health*\"]\n"),
    use_instead: behind_sign_on!("public = [\"/health\", \"/health/*\"]\n"),
    source: "https://caddyserver.com/docs/caddyfile/matchers#path",
};

pub fn check(call: &ServiceCall<Caddy>, out: &mut Diagnostics) {
    for (list, key) in [(&call.table.public, "public"), (&call.table.protected, "protected")] {
        for (index, path) in list.iter().enumerate() {
            let Some(beginning) = path.strip_suffix('*').filter(|beginning| !beginning.ends_with('/')) else { continue };
            let message = format!("`{}` is every path that begins so, also `{beginning}admin`", &**path);
            let help = format!("say `{beginning}`, and `{beginning}/*` for what is below it");
            let place = table(&[key, &index.to_string()]);
            let edits = vec![set(&place, beginning), set(&table(&[key, "-"]), format!("{beginning}/*"))];
            let title = format!("say `{beginning}` and `{beginning}/*`");
            let found = error(RULE.code, message, place).help(help);
            // What is narrowed is public no more, or no more protected.
            out.push(if key == "public" { found.safe_fix(title, edits) } else { found.unsafe_fix(title, edits) });
        }
    }
}
