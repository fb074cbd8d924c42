//! What can be asked of a site, from the machine itself: who is let in, and who is not.

use rick_plugin_sdk::slots::{self, GateValue};
use rick_plugin_sdk::{Rendered, service};
use serde_json::{Map, Value, json};

use crate::identity::copies;
use crate::site::Site;
use crate::table::Tls;

/// The gate, or the application: no server error.
const ANSWERED: [u16; 13] = [200, 201, 204, 301, 302, 303, 307, 308, 400, 401, 403, 404, 405];
/// The application, which may know no such path.
const LET_THROUGH: [u16; 10] = [200, 201, 204, 301, 302, 303, 307, 308, 404, 405];

/// The questions of a site.
pub fn of_site(site: &Site<'_>, out: &mut Rendered) {
    let url = format!("{}/", site.url());
    let authority = if site.tls() == Tls::Internal { "internal" } else { "trusted" };
    let mut ask = |key: &str, title: String, url: &str, more: Value| {
        let mut check = json!({ "kind": "http", "title": title, "url": url, "authority": authority });
        if let (Value::Object(check), Value::Object(more)) = (&mut check, more) {
            check.extend(more);
        }
        out.add::<slots::Check>(key, &check, service(&["domain"]));
    };
    let Some(gate) = site.gate_value().filter(|_| site.is_gated_at_root()) else {
        ask("answers", format!("`{url}` answers"), &url, json!({ "status": ANSWERED }));
        return;
    };
    ask("sign-on", format!("`{url}` asks for sign-on"), &url, json!({ "status": [302] }));
    let forged = json!({ "status": [302], "headers": forged(site, gate) });
    ask("forged", format!("`{url}` asks for sign-on whatever headers say who somebody is"), &url, forged);
    let through = json!({ "status": LET_THROUGH, "not_location": gate.callback });
    let mut member = through.clone();
    member["as"] = "member".into();
    ask("member", format!("`{url}` lets a member in"), &url, member);
    if !gate.require.is_empty() {
        // An outpost may have no session at all for somebody who may not enter, and ask again.
        let title = format!("`{url}` keeps out who is in none of {}", gate.require.join(", "));
        ask("outsider", title, &url, json!({ "status": [302, 403], "as": "outsider" }));
    }
    for path in site.public_paths() {
        let open = format!("{}{path}", site.url());
        ask(&format!("public:{path}"), format!("`{open}` asks for no sign-on"), &open, through.clone());
        let beside = format!("{}{}-rick-verify", site.url(), path.trim_end_matches('/'));
        ask(&format!("beside:{path}"), format!("`{beside}` asks for sign-on"), &beside, json!({ "status": [302] }));
    }
}

/// Headers as somebody sends them who would be somebody else: as the application knows them, and as the gate does.
fn forged(site: &Site<'_>, gate: &GateValue) -> Map<String, Value> {
    let copies = copies(gate, site.table());
    let group = gate.require.first().map_or("admins", String::as_str);
    let mut headers = Map::new();
    for (from, to) in &copies.copied {
        let value = if *to == copies.groups { group } else { "admin" };
        for name in [from, to] {
            headers.insert(name.clone(), value.into());
        }
    }
    headers
}
