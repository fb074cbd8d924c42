//! Who listens on a port of the running machine.

use std::fs;

pub use super::action::Protocol;

/// The uids of whoever listens on a port, at this address or at every one.
pub fn listeners_on(protocol: Protocol, address: &str, port: u16) -> Vec<u32> {
    let name = if protocol == Protocol::Tcp { "tcp" } else { "udp" };
    let any = |address: &str| address.chars().all(|digit| digit == '0');
    let everywhere = matches!(address, "0.0.0.0" | "::" | "");
    let same = |there: &str| everywhere || any(there) || kernel_form(address).as_deref() == Some(there);
    let tables = [name.to_owned(), format!("{name}6")];
    let all = tables.iter().flat_map(|table| listeners(table, protocol, port));
    all.filter(|(there, _)| same(there)).map(|(_, uid)| uid).collect()
}

/// Address, as the kernel writes it, and uid of whoever listens on a port:
/// <https://www.kernel.org/doc/html/latest/networking/proc_net_tcp.html>
fn listeners(table: &str, protocol: Protocol, port: u16) -> Vec<(String, u32)> {
    let text = fs::read_to_string(format!("/proc/net/{table}")).unwrap_or_default();
    let listens = if protocol == Protocol::Tcp { "0A" } else { "07" };
    let line = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (address, number) = fields.get(1)?.split_once(':')?;
        let of_port = u16::from_str_radix(number, 16).ok()? == port && *fields.get(3)? == listens;
        of_port.then(|| Some((address.to_owned(), fields.get(7)?.parse().ok()?)))?
    };
    text.lines().skip(1).filter_map(line).collect()
}

/// An IPv4 address as the kernel writes it, least significant byte first.
fn kernel_form(address: &str) -> Option<String> {
    let address: std::net::Ipv4Addr = address.parse().ok()?;
    Some(format!("{:08X}", u32::from_le_bytes(address.octets())))
}
