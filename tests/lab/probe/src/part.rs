//! Which part of a service this is: several may run one image, and then only their arguments tell them apart.

use serde_json::Value;

use crate::environment::Environment;

/// Where a probe of which nothing is known answers inside its pod.
const INSIDE: u16 = 39000;

/// A part, as `images.py` writes it into the variable `PROBE_PARTS` of the image.
#[derive(Debug, Clone)]
pub struct Part {
    pub name: String,
    /// The ports that it serves.
    pub ports: Vec<u16>,
    /// The port on which it answers for itself: on 127.0.0.1, and no other part of the pod has it.
    pub inside: u16,
    /// It plays authentik's server, of which the outpost is a piece.
    pub outpost: bool,
}

impl Part {
    /// The part whose container's command this is.
    pub fn find(arguments: &[String], environment: &Environment) -> Self {
        let parts: Value = environment.get("PROBE_PARTS").and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null);
        let parts = parts.as_array().map(Vec::as_slice).unwrap_or_default();
        let matches = |part: &&Value| part["arguments"].as_array().is_some_and(|words| words.iter().eq(arguments.iter()));
        let part = parts.iter().find(matches).or(if parts.len() == 1 { parts.first() } else { None });
        let Some(part) = part else {
            let ports = environment.get("PROBE_PORTS").unwrap_or_default();
            let ports = ports.split(',').filter_map(|port| port.trim().parse().ok()).collect();
            return Self { name: "probe".to_owned(), ports, inside: INSIDE, outpost: false };
        };
        let port = |value: &Value| value.as_u64().and_then(|number| u16::try_from(number).ok());
        Self {
            name: part["name"].as_str().unwrap_or("probe").to_owned(),
            ports: part["ports"].as_array().into_iter().flatten().filter_map(port).collect(),
            inside: port(&part["inside"]).unwrap_or(INSIDE),
            outpost: part["outpost"].as_bool().unwrap_or(false),
        }
    }

    /// The part of the container that a command is run in: its first process has the arguments, maybe behind an init.
    pub fn of_container(environment: &Environment) -> Self {
        let line = std::fs::read("/proc/1/cmdline").unwrap_or_default();
        let words = line.split(|&byte| byte == 0).map(|word| String::from_utf8_lossy(word).into_owned());
        let mut arguments: Vec<String> = words.skip_while(|word| word != "/probe").skip(1).collect();
        // The last word ends with a zero byte, too.
        arguments.pop();
        Self::find(&arguments, environment)
    }
}
