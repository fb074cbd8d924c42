//! The ports of the machine that lead to a service.

use rick_plugin_sdk::input::held_number;
use rick_plugin_sdk::{Claims, Place, ServiceCall, claimed, service, table};

use crate::Quadlet;
use crate::values::{HostPort, Protocol};

/// The pool of TCP ports.
pub const TCP: &str = "quadlet:port";
/// The pool of UDP ports, which are others.
pub const UDP: &str = "quadlet:udp-port";
/// The first port that a user's containers may listen on (`net.ipv4.ip_unprivileged_port_start`).
pub const UNPRIVILEGED: u16 = 1024;

/// A port that is published.
#[derive(Debug)]
pub struct Published<'a> {
    /// What it is called among the service's ports: "8080", "2222/tcp".
    pub key: String,
    /// The pool of its number on the machine.
    pub pool: &'static str,
    /// The port inside.
    pub inside: u16,
    /// The address of the machine.
    pub address: &'a str,
    /// "http", "tcp" or "udp".
    pub protocol: &'static str,
    /// What the manifest says of the number.
    pub host_port: Option<HostPort>,
    /// Where the port inside is said.
    pub place: Place,
    /// Where its number on the machine is, or would be, said.
    pub host_place: Place,
}

/// Every port of a service, the one for HTTP first. Of one that is said twice, the first: a rule reports the other.
pub fn published(call: &ServiceCall<Quadlet>) -> Vec<Published<'_>> {
    let mut ports: Vec<Published<'_>> = Vec::new();
    for port in said(call) {
        if !ports.iter().any(|other| other.is_same(&port)) {
            ports.push(port);
        }
    }
    ports
}

/// Every port as the manifest has it.
pub fn said(call: &ServiceCall<Quadlet>) -> Vec<Published<'_>> {
    let mut ports = Vec::new();
    if let Some(inside) = call.service.port {
        ports.push(Published {
            key: inside.to_string(),
            pool: TCP,
            inside,
            address: "127.0.0.1",
            protocol: "http",
            host_port: call.table.host_port,
            place: service(&["port"]),
            host_place: table(&["host_port"]),
        });
    }
    for (index, port) in call.table.ports.iter().enumerate() {
        let index = index.to_string();
        let (pool, protocol) = match port.protocol {
            Protocol::Tcp => (TCP, "tcp"),
            Protocol::Udp => (UDP, "udp"),
        };
        ports.push(Published {
            key: format!("{}/{protocol}", port.port),
            pool,
            inside: port.port,
            address: &port.address,
            protocol,
            host_port: port.host_port,
            place: table(&["ports", &index, "port"]),
            host_place: table(&["ports", &index, "host_port"]),
        });
    }
    ports
}

impl Published<'_> {
    /// It is the same port inside.
    pub fn is_same(&self, other: &Self) -> bool {
        (self.inside, self.pool) == (other.inside, other.pool)
    }

    /// Claims its number on the machine.
    pub fn claim(&self, out: &mut Claims) {
        match self.host_port {
            Some(HostPort::Number(number)) => out.want(self.pool, &self.key, number, self.host_place.clone()),
            Some(HostPort::Any(_)) => out.any(self.pool, &self.key, self.host_place.clone()),
            None if self.inside >= UNPRIVILEGED => out.want(self.pool, &self.key, self.inside, self.place.clone()),
            None => out.any(self.pool, &self.key, self.place.clone()),
        }
    }

    /// Its number on the machine.
    pub fn number(&self, call: &ServiceCall<Quadlet>) -> u16 {
        let held = held_number(&call.claimed, self.pool, &self.key);
        u16::try_from(held).unwrap_or_else(|_| panic!("{held} is no port"))
    }

    /// Because of what it has this number.
    pub fn because(&self) -> Place {
        claimed(self.pool, &self.key)
    }

    /// `PublishPort=`: the address, the port of the machine and the port inside.
    pub fn line(&self, call: &ServiceCall<Quadlet>) -> String {
        let address = if self.address.contains(':') { format!("[{}]", self.address) } else { self.address.to_owned() };
        let suffix = if self.protocol == "udp" { "/udp" } else { "" };
        format!("{address}:{}:{}{suffix}", self.number(call), self.inside)
    }
}
