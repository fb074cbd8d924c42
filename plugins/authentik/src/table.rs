//! What a manifest says in `[authentik]`, and rick.toml in `[plugins.authentik]` and `[machines.<machine>.authentik]`.

use std::collections::BTreeMap;

use rick_plugin_sdk::Service;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[authentik]`: how people, or other services, sign on to the service, and who may.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// How it is done: `forward-auth` has the proxy ask, and the service needs to know nothing; `oauth2` is for a service that speaks
    /// OpenID Connect itself; `api-only` is for one that is only given tokens to check.
    pub pattern: Pattern,
    /// The group whose members may enter. Without it, and without `groups`: `<service>_users`; with `api-only`, none.
    #[schemars(regex(pattern = GROUP), extend("x-form" = "a group's name, without `|`"))]
    pub group: Option<String>,
    /// Several groups: a member of any of them may enter. An empty list is for every user.
    #[schemars(extend("items" = { "type": "string", "pattern": GROUP, "x-form": "a group's name, without `|`" }))]
    pub groups: Option<Vec<String>>,
    /// What people see. Without it: the service's description, or its name.
    #[schemars(regex(pattern = r"^[^\x00-\x1f\x7f]{1,200}$"), extend("x-form" = "a text without control characters"))]
    pub name: Option<String>,
    /// The application's name in addresses. Without it: the service's name.
    #[schemars(regex(pattern = "^[a-z0-9]([a-z0-9_-]{0,48}[a-z0-9])?$"), extend("x-form" = "lower case letters, digits, `-` and `_`"))]
    pub slug: Option<String>,
    /// The heading under which people find it in their list of applications. It grants nothing.
    #[schemars(regex(pattern = r"^[^\x00-\x1f\x7f]{1,100}$"), extend("x-form" = "a text without control characters"))]
    pub category: Option<String>,
    /// Only from these networks: "10.0.0.0/8".
    #[serde(default)]
    #[schemars(extend("items" = { "type": "string", "pattern": NETWORK, "x-form": "a network such as 10.0.0.0/8" }))]
    pub networks: Vec<String>,
    /// Only at these hours.
    pub hours: Option<Hours>,
    /// `oauth2`: where authentik may send people back to: paths of the service's domain, or whole addresses.
    #[serde(default)]
    #[schemars(extend("items" = { "type": "string", "pattern": "^(/|[a-z][a-z0-9+.-]*://)[!-~]*$", "x-form": "a path, or a whole address" }))]
    pub callbacks: Vec<String>,
    /// `oauth2` and `api-only`: the scopes that may be asked for. One that authentik does not bring is made. Without it: `openid`,
    /// `email` and `profile`.
    #[schemars(extend("items" = { "type": "string", "pattern": "^[!#-~]{1,100}$", "x-form": "the name of a scope" }))]
    pub scopes: Option<Vec<String>>,
    /// `oauth2` and `api-only`: what the client calls itself. Without it: the service's name.
    #[schemars(regex(pattern = "^[A-Za-z0-9._~-]{1,255}$"), extend("x-form" = "letters, digits, `.`, `_`, `~` and `-`"))]
    pub client_id: Option<String>,
    /// `oauth2`: the client cannot keep a secret, as one that runs in a browser.
    #[serde(default)]
    pub public_client: bool,
    /// `oauth2`: people are asked whether the service may know who they are.
    #[serde(default)]
    pub consent: bool,
    /// `oauth2` and `api-only`: what the client knows a user by.
    #[serde(default)]
    pub subject: Subject,
    /// `oauth2`: the service is told that the user's address of e-mail is verified, which authentik does not say by itself since 2025.10.
    /// Only where users cannot change it: it may be by it that the service knows them.
    #[serde(default)]
    pub verified_email: bool,
    /// Variables that tell the service how to sign on, each with the form of its value: `client-id`, `client-secret`, `issuer`,
    /// `discovery-url`, `authorization-url`, `token-url`, `userinfo-url`, `introspection-url`, `jwks-url`, `end-session-url`,
    /// `callback` (the first), `scopes` or `server` (authentik's own address).
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "pattern": "^[A-Za-z_][A-Za-z0-9_]*$" }))]
    pub env: BTreeMap<String, Form>,
}

/// `|` stands between two groups where a header holds several.
const GROUP: &str = r"^[^|\x00-\x1f\x7f]{1,80}$";
/// What Python's `ip_network` takes: with another, the policy fails and nobody may enter.
const NETWORK: &str =
    r"^([0-9]{1,3}(\.[0-9]{1,3}){3}/([0-9]|[12][0-9]|3[0-2])|[0-9a-fA-F]*:[0-9a-fA-F:.]+/([0-9]{1,2}|1[01][0-9]|12[0-8]))$";

/// How it is done.
// Without a comment for each, the variants are one `enum` in the schema, which a message can list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Pattern {
    ForwardAuth,
    Oauth2,
    ApiOnly,
}

impl Pattern {
    /// As a manifest has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ForwardAuth => "forward-auth",
            Self::Oauth2 => "oauth2",
            Self::ApiOnly => "api-only",
        }
    }
}

/// What a client knows a user by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    #[default]
    HashedUserId,
    UserId,
    UserUuid,
    UserUsername,
    UserEmail,
}

impl Subject {
    /// As authentik's `sub_mode` has it.
    pub fn mode(self) -> &'static str {
        match self {
            Self::HashedUserId => "hashed_user_id",
            Self::UserId => "user_id",
            Self::UserUuid => "user_uuid",
            Self::UserUsername => "user_username",
            Self::UserEmail => "user_email",
        }
    }
}

/// Hours of the day, on days of the week.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// From this minute on: "08:00".
    #[schemars(regex(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$"), extend("x-form" = "a time such as 08:00"))]
    pub from: String,
    /// Until before this one. One that is earlier than `from` is of the next day.
    #[schemars(regex(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$"), extend("x-form" = "a time such as 18:00"))]
    pub to: String,
    /// The days on which they begin. Without it: every day.
    #[serde(default = "every_day")]
    #[schemars(length(min = 1))]
    pub days: Vec<Day>,
    /// Where it is that time: a name of the time zone database.
    #[schemars(regex(pattern = "^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$"), extend("x-form" = "a time zone such as Europe/Oslo"))]
    pub timezone: String,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Day {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

fn every_day() -> Vec<Day> {
    vec![Day::Monday, Day::Tuesday, Day::Wednesday, Day::Thursday, Day::Friday, Day::Saturday, Day::Sunday]
}

/// The form of a variable's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    ClientId,
    ClientSecret,
    Issuer,
    DiscoveryUrl,
    AuthorizationUrl,
    TokenUrl,
    UserinfoUrl,
    IntrospectionUrl,
    JwksUrl,
    EndSessionUrl,
    Callback,
    Scopes,
    Server,
}

impl Table {
    /// The groups whose members may enter; empty: everybody.
    pub fn groups(&self, service: &Service) -> Vec<String> {
        match (&self.group, &self.groups) {
            (Some(group), _) => vec![group.clone()],
            (None, Some(groups)) => groups.clone(),
            (None, None) if self.pattern == Pattern::ApiOnly => Vec::new(),
            (None, None) => vec![format!("{}_users", service.name.replace('-', "_"))],
        }
    }

    /// The steps to where a group comes from.
    pub fn group_steps(&self, index: usize) -> Vec<String> {
        match (&self.group, &self.groups) {
            (Some(_), _) => vec!["group".to_owned()],
            (None, Some(_)) => vec!["groups".to_owned(), index.to_string()],
            (None, None) => Vec::new(),
        }
    }

    /// The application's name in addresses.
    pub fn slug<'a>(&'a self, service: &'a Service) -> &'a str {
        self.slug.as_deref().unwrap_or(&service.name)
    }

    /// What the client calls itself.
    pub fn client_id<'a>(&'a self, service: &'a Service) -> &'a str {
        self.client_id.as_deref().unwrap_or(&service.name)
    }

    /// What people see.
    pub fn title(&self, service: &Service) -> String {
        let described = service.description.as_deref().map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
        self.name.clone().or(described.filter(|text| !text.is_empty())).unwrap_or_else(|| service.name.clone())
    }

    /// The scopes that may be asked for.
    pub fn scopes(&self) -> Vec<String> {
        self.scopes.clone().unwrap_or_else(|| ["openid", "email", "profile"].map(str::to_owned).to_vec())
    }

    /// The addresses that people may be sent back to, of a service that is reached at `url`.
    pub fn callbacks(&self, url: &str) -> Vec<String> {
        let whole = |callback: &String| if callback.starts_with('/') { format!("{url}{callback}") } else { callback.clone() };
        self.callbacks.iter().map(whole).collect()
    }
}

/// `[plugins.authentik]`: where authentik is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The service of this project that is authentik.
    #[serde(default = "service")]
    pub service: String,
    /// The part of it that applies blueprints.
    #[serde(default = "worker")]
    pub worker: String,
    /// Its address, "https://auth.example.org". Without it: that of its site.
    #[schemars(regex(pattern = r"^https?://[^/\s]+$"), extend("x-form" = "an address without a slash at its end, such as https://auth.example.org"))]
    pub url: Option<String>,
    /// Its version, where no machine of this project has one: "2025.12".
    #[schemars(regex(pattern = r"^[0-9]+(\.[0-9]+){0,2}([^0-9.].*)?$"), extend("x-form" = "a version such as 2025.12"))]
    pub version: Option<String>,
    /// Proxy providers that were made by hand and are to stay with the embedded outpost. Its list is set as a whole.
    #[serde(default)]
    pub other_providers: Vec<String>,
}

fn service() -> String {
    "authentik".to_owned()
}

fn worker() -> String {
    "worker".to_owned()
}

/// `[machines.<machine>.authentik]`: how authentik is reached from a machine.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// Who answers for authentik's outpost by plain HTTP, where that is not this machine's own service: "10.0.0.5:9000".
    #[schemars(regex(pattern = r"^[^\s/]+:[0-9]{1,5}$"), extend("x-form" = "an address and a port, such as 10.0.0.5:9000"))]
    pub outpost: Option<String>,
}
