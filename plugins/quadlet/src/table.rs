//! What a manifest says in `[quadlet]`, and rick.toml in `[plugins.quadlet]` and `[machines.<machine>.quadlet]`.
//!
//! What a part can say is one struct, flattened into both tables. serde cannot close a struct with a flattened member, so the
//! schema is closed by hand: rick holds a table against it before the plugin sees the table.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::values::{
    Command, EnvValue, Health, HostPort, Job, Lines, Notify, Port, Random, SECRET, SECRET_FORM, Scalar, Task, User, Volume,
};

/// `[quadlet]`: the service's containers. What stands in it directly is the main part's, which is named `app` and runs the
/// service's own image; `env`, `volumes` and `secret_files` hold for every part that runs that image.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
pub struct Table {
    /// What the main part is.
    #[serde(flatten)]
    pub main: Fields,
    /// The port of the machine, on 127.0.0.1, that leads to the service's `port`: a number, or "auto" for one that rick hands
    /// out. Without it: the same number where that is 1024 or more, otherwise as with "auto".
    pub host_port: Option<HostPort>,
    /// Further ports, such as one for SSH: what is not HTTP.
    #[serde(default)]
    pub ports: Vec<Port>,
    /// Further keys of `[Pod]`, written as they stand: systemd's `%` and `$` are yours to escape.
    #[serde(default)]
    pub pod_keys: BTreeMap<String, Lines>,
    /// Commands that are run inside a part once all is there: `[[quadlet.commands]]`.
    #[serde(default)]
    pub commands: Vec<Task>,
    /// Commands that are run inside a part again and again: `[[quadlet.jobs]]`.
    #[serde(default)]
    pub jobs: Vec<Job>,
    /// Secrets of this manifest that may be made at random, and how.
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "pattern": SECRET, "x-form": SECRET_FORM }))]
    pub secrets: BTreeMap<String, Random>,
    /// Further parts, by name: `[quadlet.containers.worker]`.
    #[serde(default)]
    pub containers: BTreeMap<String, Container>,
}

/// `[quadlet.containers.<name>]`: a further part, in the same pod: it shares the network and /dev/shm with the others, and no files.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
pub struct Container {
    /// The image, fully qualified. Without it the part runs the service's own.
    #[schemars(regex(pattern = r"^[a-zA-Z0-9][^\s]*$"), extend("x-form" = "an image"))]
    pub image: Option<String>,
    /// Whom the image runs as: a uid, or `{ uid, gid, starts_as_root }`. Without it: as `[service]` says, where the part runs the
    /// service's own image; otherwise the process is made the service's user, whatever the image says.
    pub user: Option<User>,
    /// What the part is.
    #[serde(flatten)]
    pub fields: Fields,
}

/// What can be said of every part.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct Fields {
    /// The command, in place of the image's: a list of arguments, or one string, split as a shell would, without expanding anything.
    pub exec: Option<Command>,
    /// The entrypoint, in place of the image's; `[]` is none.
    #[serde(default)]
    #[schemars(schema_with = "crate::values::entrypoint")]
    pub entrypoint: Option<Command>,
    /// Environment variables: text, a number, a boolean, `{ secret = "name" }`, or a list of texts and secrets that are joined.
    #[serde(default)]
    pub env: BTreeMap<String, EnvValue>,
    /// What the part keeps: `"name:/path"` is a folder in the service's home, `"/on/the/machine:/path"` a path of the machine; both
    /// take `:ro`. A table says more.
    #[serde(default)]
    pub volumes: Vec<Volume>,
    /// Secrets as files: the name of the file in `/run/secrets` and the secret's name. An image that reads `PASSWORD_FILE` takes
    /// `secret_files = { password = "myservice_password" }` with `env = { PASSWORD_FILE = "/run/secrets/password" }`.
    #[serde(default)]
    #[schemars(extend(
        "propertyNames" = { "pattern": "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$", "x-form": "a file's name: letters, digits, `_`, `.` and `-`" },
        "additionalProperties" = { "type": "string", "pattern": SECRET, "x-form": SECRET_FORM }
    ))]
    pub secret_files: BTreeMap<String, String>,
    /// How podman asks whether the part is well.
    pub health: Option<Health>,
    /// When the part counts as started; "healthy": at its first good answer, where the others are as soon as the process runs.
    pub notify: Option<Notify>,
    /// The most memory it may use: "512m", "2g".
    #[schemars(regex(pattern = "^[0-9]+[bkmgBKMG]?$"), extend("x-form" = "a size such as 256m"))]
    pub memory: Option<String>,
    /// The size of /dev/shm: "256m".
    #[schemars(regex(pattern = "^[0-9]+[bkmgBKMG]?$"), extend("x-form" = "a size such as 256m"))]
    pub shm_size: Option<String>,
    /// The most processes and threads it may have.
    #[schemars(range(min = 1, max = u32::MAX))]
    pub pids_limit: Option<u32>,
    /// The root file system cannot be written to.
    #[serde(default)]
    pub read_only: bool,
    /// A small init is process 1: it passes signals on and reaps. Without it an image whose process 1 ignores SIGTERM takes 10 seconds to stop.
    #[serde(default)]
    pub init: bool,
    /// Capabilities added.
    #[serde(default)]
    #[schemars(inner(regex(pattern = "^[A-Za-z_]+$")))]
    pub capabilities: Vec<String>,
    /// Capabilities taken away. Without it: all, unless the part is root inside or starts as root.
    #[schemars(inner(regex(pattern = "^[A-Za-z_]+$")))]
    pub drop_capabilities: Option<Vec<String>>,
    /// Kernel parameters of the part's namespaces, by name.
    #[serde(default)]
    pub sysctl: BTreeMap<String, Scalar>,
    /// How many seconds the part has to stop before it is killed. Without it: 10.
    #[schemars(range(max = u32::MAX))]
    pub stop_timeout: Option<u32>,
    /// Paths inside that are kept in memory: "/tmp", "/run:size=64m".
    #[serde(default)]
    #[schemars(inner(regex(pattern = "^/")))]
    pub tmpfs: Vec<String>,
    /// Podman's `--userns` as it stands, in place of what rick derives from whom the image runs as.
    #[schemars(length(min = 1))]
    pub user_namespace: Option<String>,
    /// The process keeps the supplementary groups of the service's user. Inside they all show as `nobody`.
    #[serde(default)]
    pub keep_groups: bool,
    /// Further keys of `[Container]`, written as they stand: systemd's `%` and `$` are yours to escape.
    #[serde(default)]
    pub keys: BTreeMap<String, Lines>,
}

/// `[plugins.quadlet]`: what holds for all services.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How many seconds a unit may take to start. An image that is not there yet is pulled within them.
    #[serde(default = "start_timeout")]
    #[schemars(range(min = 1, max = u32::MAX))]
    pub start_timeout: u32,
    /// How many seconds after its end a part is started again. It is tried for ever.
    #[serde(default = "restart_delay")]
    #[schemars(range(min = 1, max = u32::MAX))]
    pub restart_delay: u32,
}

fn start_timeout() -> u32 {
    900
}

fn restart_delay() -> u32 {
    5
}

/// `[machines.<machine>.quadlet]`: what cannot be told from a version.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// SELinux enforces on it. A part that connects through a socket of the machine then runs without its confinement, which forbids that.
    #[serde(default)]
    pub selinux: bool,
}
