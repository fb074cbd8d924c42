//! What `/probe` answers.

use serde_json::{Map, Value, json};

use crate::connections::Target;
use crate::environment::Environment;
use crate::part::Part;
use crate::standing::Standing;
use crate::surroundings::{self, digest};
use crate::{postgresql, valkey};

/// All that the first process knows.
#[derive(Debug)]
pub struct Probe {
    pub part: Part,
    pub arguments: Vec<String>,
    pub environment: Environment,
    pub standing: Standing,
}

impl Probe {
    /// Everything, asked now. Values of variables are secrets, or may be, and only told by digest.
    pub fn report(&self, peer: &str) -> Value {
        let (mut databases, mut caches, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
        for connection in self.environment.connections() {
            let (list, mut about) = match &connection.target {
                Target::Postgres(config) => (&mut databases, postgresql::ask(config)),
                Target::Valkey(cache) => (&mut caches, valkey::ask(cache, &self.environment)),
                Target::Unknown(why) => (&mut unknown, json!({ "result": format!("not understood: {why}") })),
            };
            about["variable"] = connection.variable.as_str().into();
            about["standing"] = self.standing.of(&connection.variable);
            list.push(about);
        }
        let variables: Map<String, Value> =
            self.environment.all().map(|(name, value)| (name.to_owned(), digest(value.as_bytes()).into())).collect();
        json!({
            "part": self.part.name,
            "arguments": self.arguments,
            "identity": surroundings::identity(),
            "peer": peer,
            "postgres": databases,
            "valkey": caches,
            "not_understood": unknown,
            "mounts": surroundings::mounts(),
            "secrets": surroundings::secrets(),
            "environment": variables,
            "unreadable": self.environment.unreadable,
            "hosts": surroundings::hosts(&self.environment),
        })
    }
}
