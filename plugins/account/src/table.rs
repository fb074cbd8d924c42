//! What a manifest says in `[account]`, and rick.toml in `[plugins.account]`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// `[account]`: the system user of a service. All of it can be derived.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The user's name, and its group's. Without it: the service's name.
    #[schemars(regex(pattern = "^[a-z_][a-z0-9_-]{0,30}$"), extend("x-form" = "a user's name: lower case letters, digits, `_` and `-`, at most 31"))]
    pub user: Option<String>,
    /// Its uid, and its group's gid. Without it rick hands one out and keeps it in rick.lock.
    #[schemars(range(min = 1, max = 4_294_967_294_u32))]
    pub uid: Option<u32>,
    /// The first of its 65536 subordinate uids and gids. Without it rick hands out a range.
    #[schemars(range(min = 65536, max = 4_294_901_759_u32))]
    pub subordinate_first: Option<u32>,
    /// Its home directory, where podman also keeps its images and volumes. Without it: a folder in `home_base`.
    #[schemars(regex(pattern = "^/[^:\n]*[^/:\n]$"), extend("x-form" = "an absolute path without a colon or a slash at its end"))]
    pub home: Option<String>,
    /// Supplementary groups. A service needs none to reach PostgreSQL or Valkey.
    #[serde(default)]
    #[schemars(extend("items" = { "type": "string", "pattern": NAME, "x-form": "a group's name" }))]
    pub groups: Vec<String>,
    /// Directories on the machine that must be there for the service, by path.
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "pattern": "^(/[^/\\x00-\\x1f\\x7f]+)+$", "x-form": "an absolute path without a slash at its end" }))]
    pub directories: BTreeMap<String, Directory>,
}

/// Users and groups of the machine may be anybody's, so that this is what systemd takes, and not what rick itself would choose
/// (<https://systemd.io/USER_NAMES/>).
const NAME: &str = "^[A-Za-z_][A-Za-z0-9_.-]{0,30}$";

/// A directory on the machine.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Directory {
    /// Its permission bits, four octal digits.
    #[serde(default = "private")]
    #[schemars(regex(pattern = "^[0-7]{4}$"), extend("x-form" = "four octal digits, such as 0750"))]
    pub mode: String,
    /// Its owner. Without it: the service's user.
    #[schemars(regex(pattern = NAME), extend("x-form" = "a user's name"))]
    pub owner: Option<String>,
    /// Its group. Without it: the service's group.
    #[schemars(regex(pattern = NAME), extend("x-form" = "a group's name"))]
    pub group: Option<String>,
}

fn private() -> String {
    "0750".to_owned()
}

/// `[plugins.account]`: what holds for all services.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where homes are.
    #[serde(default = "home_base")]
    #[schemars(regex(pattern = "^/[^:\n]*[^/:\n]$"), extend("x-form" = "an absolute path without a colon or a slash at its end"))]
    pub home_base: String,
}

fn home_base() -> String {
    "/var/lib".to_owned()
}
