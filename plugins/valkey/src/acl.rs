//! An ACL file, <https://valkey.io/topics/acl/>: one user on each line, and nothing else. A line that begins with `#` is an error.

use rick_plugin_sdk::{Artifact, Line, Place};
use serde_json::{Value, json};

/// Who may do what.
#[derive(Debug)]
pub struct User {
    /// Its name.
    pub name: String,
    /// The secret with its password; none: nobody can be it.
    pub password: Option<String>,
    /// What it may do, after `reset`: patterns and commands, word by word.
    pub rules: Vec<String>,
    /// Because of what.
    pub because: Vec<Place>,
}

impl User {
    /// The one that is there without being asked for. It would be open to everybody.
    pub fn nobody(because: Place) -> Self {
        Self { name: "default".to_owned(), password: None, rules: Vec::new(), because: vec![because] }
    }

    /// The one that reads the file anew, and can do nothing else.
    pub fn keeper(password: String, because: Place) -> Self {
        let rules = ["resetchannels", "-@all", "+acl|load", "+acl|list", "+acl|whoami", "+acl|getuser", "+ping"];
        let rules = rules.map(str::to_owned).to_vec();
        Self { name: KEEPER.to_owned(), password: Some(password), rules, because: vec![because] }
    }
}

/// The name of the user that rick itself is.
pub const KEEPER: &str = "rick";

/// What a service may do besides its own keys: everything but what administers the server or endangers others. Functions and
/// scripts are of all databases and users.
pub const COMMANDS: [&str; 11] = [
    "+@all",
    "-@admin",
    "-@dangerous",
    "+info",
    "-function|load",
    "-function|delete",
    "-function|flush",
    "-function|restore",
    "-function|kill",
    "-script|flush",
    "-script|kill",
];

/// The file: readable by the server, and by nobody else.
pub fn file(path: &str, group: &str, users: &[User]) -> Artifact {
    let mut file = Artifact::new(path).mode(0o640).owner("root", group);
    for user in users {
        let line = match &user.password {
            None => Line::text(&format!("user {} off", user.name)),
            // The digest alone: whoever reads the file cannot be the user.
            Some(secret) => Line::text(&format!("user {} on #", user.name)).secret(secret, &["sha256"]),
        };
        let rules: String = user.rules.iter().map(|rule| format!(" {rule}")).collect();
        file.push(line.then(&rules), user.because.as_slice());
    }
    file
}

/// The typed value behind the file.
pub fn model(users: &[User]) -> Value {
    let users: Vec<Value> =
        users.iter().map(|user| json!({ "name": user.name, "enabled": user.password.is_some(), "rules": user.rules })).collect();
    json!({ "kind": "valkey-acl", "users": users })
}
