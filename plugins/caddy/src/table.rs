//! What a manifest says in `[caddy]`, and rick.toml in `[plugins.caddy]` and `[machines.<machine>.caddy]`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[caddy]`: a site for the service's domain. Where a plugin contributes a gate, every request passes it that is not said to be
/// public.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Further names; each leads to the service's domain by a redirect.
    #[serde(default)]
    #[schemars(extend("items" = { "type": "string", "pattern": DOMAIN, "x-form": "a domain name in lower case" }))]
    pub domains: Vec<String>,
    /// Paths that need no sign-on: `/health` is just that path, `/static/*` is everything below it. What they serve must not trust
    /// identity headers: there are none.
    #[serde(default)]
    pub public: Vec<SitePath>,
    /// The only paths that need sign-on; everything else is public.
    #[serde(default)]
    pub protected: Vec<SitePath>,
    /// The headers that tell the service who has signed on, and what is in each: `user`, `groups`, `email`, `name` or `uid`.
    #[serde(default = "identity")]
    pub identity: BTreeMap<String, Known>,
    /// Redirects: a path, and where it leads. They need no sign-on.
    #[serde(default)]
    #[schemars(extend(
        "propertyNames" = { "pattern": PATHS, "x-form": "a path such as /old, or /old/* for all below it" },
        "additionalProperties" = { "type": "string", "pattern": "^(/|https?://)[!-~]*$", "x-form": "a path or an address" }
    ))]
    pub redirects: BTreeMap<String, String>,
    /// The largest body of a request: "10GB". Without it there is no limit.
    #[schemars(regex(pattern = "^[0-9]+([kKMGT]i?B|B)?$"), extend("x-form" = "a size such as 512MB or 10GB"))]
    pub body_limit: Option<String>,
    /// Compresses answers.
    #[serde(default)]
    pub compress: bool,
    /// Who answers, where that is no container of rick's: an address and a port.
    #[schemars(regex(pattern = r"^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}$"), extend("x-form" = "an address and a port, such as 127.0.0.1:3000"))]
    pub upstream: Option<String>,
    /// Where the site's certificate is from. Without it: as `[plugins.caddy]` says.
    pub tls: Option<Tls>,
    /// Further lines of the Caddyfile, as they stand: inside the site's `route`, after the gate and before the service.
    #[schemars(regex(pattern = r"^[^\x00]*$"), extend("x-form" = "text without a NUL"))]
    pub snippet: Option<String>,
    /// Variables that tell the service how it is reached, each with the form of its value: `url`, `domain`, and the networks from
    /// which the proxy reaches it, `proxies` with commas or `proxies-spaced` with spaces.
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "pattern": "^[A-Za-z_][A-Za-z0-9_]*$" }))]
    pub env: BTreeMap<String, Form>,
}

const DOMAIN: &str = r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]*[a-z0-9])?$";
const PATHS: &str = r"^/[A-Za-z0-9._~!$&'()+,=:@/-]*\*?$";

/// A path of a site, or all paths that begin so.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(transparent)]
pub struct SitePath(
    #[schemars(regex(pattern = PATHS), extend("x-form" = "a path such as /health, or /static/* for all below it"))] String,
);

impl std::ops::Deref for SitePath {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// Something that the gate knows of who has signed on.
// Without a comment for each, the variants are one `enum` in the schema, which a message can list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Known {
    User,
    Groups,
    Email,
    Name,
    Uid,
}

impl Known {
    /// As gates call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Groups => "groups",
            Self::Email => "email",
            Self::Name => "name",
            Self::Uid => "uid",
        }
    }
}

fn identity() -> BTreeMap<String, Known> {
    let headers = [
        ("Remote-User", Known::User),
        ("Remote-Groups", Known::Groups),
        ("Remote-Email", Known::Email),
        ("Remote-Name", Known::Name),
    ];
    headers.into_iter().map(|(header, known)| (header.to_owned(), known)).collect()
}

/// Where a certificate is from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Tls {
    #[default]
    Automatic,
    Internal,
    Off,
}

/// The form of a variable's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    Url,
    Domain,
    Proxies,
    ProxiesSpaced,
}

/// `[plugins.caddy]`: what holds for all services.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where certificates are from: `automatic` is a public authority, `internal` is Caddy's own, `off` serves HTTP alone.
    #[serde(default)]
    pub tls: Tls,
}

/// `[machines.<machine>.caddy]`: the proxy on a machine. Without it: Debian's.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// Its unit of the system's manager.
    #[serde(default = "unit")]
    #[schemars(regex(pattern = r"^[A-Za-z0-9:_.@\\-]+\.service$"), extend("x-form" = "the name of a service unit"))]
    pub unit: String,
    /// Its configuration, in which rick keeps a block that imports the sites.
    #[serde(default = "caddyfile")]
    #[schemars(regex(pattern = r"^(/[A-Za-z0-9._-]+)+$"), extend("x-form" = "an absolute path of letters, digits, `.`, `_` and `-`"))]
    pub caddyfile: String,
    /// The networks from which a container sees the proxy: 169.254.0.0/16, or that of the machine's gateway. Ports of services are
    /// open to the machine alone, so that what trusts them all still trusts nobody else.
    #[serde(default = "seen_as")]
    #[schemars(extend("items" = { "type": "string", "pattern": "^[0-9a-fA-F.:]+/[0-9]{1,3}$", "x-form": "a network such as 10.0.0.0/8" }))]
    pub seen_as: Vec<String>,
}

fn unit() -> String {
    "caddy.service".to_owned()
}

fn caddyfile() -> String {
    "/etc/caddy/Caddyfile".to_owned()
}

fn seen_as() -> Vec<String> {
    ["127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "::1/128", "fc00::/7", "fe80::/10"]
        .map(str::to_owned)
        .to_vec()
}
