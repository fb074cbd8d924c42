//! The probe's HTTP: every path is answered, with what came.

use std::io::Cursor;
use std::sync::Arc;

use serde_json::{Value, json};
use tiny_http::{Header, Request, Response, Server};

use crate::report::Probe;
use crate::{outpost, say};

/// How many requests a port answers at a time.
const WORKERS: usize = 4;

/// What is answered: a status, headers and a body.
pub type Answer = (u16, Vec<(&'static str, String)>, String);

/// Serves the part's ports from threads of their own. One that another part of the pod has is left to it.
pub fn serve(probe: &Arc<Probe>) {
    let published = probe.part.ports.iter().map(|port| format!("0.0.0.0:{port}"));
    for address in published.chain([format!("127.0.0.1:{}", probe.part.inside)]) {
        let server = match Server::http(&address) {
            Ok(server) => Arc::new(server),
            Err(problem) => {
                say(&format!("{address} is left out: {problem}"));
                continue;
            }
        };
        say(&format!("{} serves {address}", probe.part.name));
        for _ in 0..WORKERS {
            let (server, probe) = (Arc::clone(&server), Arc::clone(probe));
            std::thread::spawn(move || {
                while let Ok(request) = server.recv() {
                    let answer = answer(&probe, &request);
                    // Whoever asked may have gone.
                    let _ = request.respond(response(answer));
                }
            });
        }
    }
}

fn answer(probe: &Probe, request: &Request) -> Answer {
    let url = request.url();
    let peer = request.remote_addr().map_or_else(String::new, |address| address.ip().to_string());
    if probe.part.outpost && url.starts_with(outpost::PREFIX) {
        return outpost::answer(&probe.environment, url, &|name| header(request, name));
    }
    if url.split('?').next() == Some("/probe") {
        return pretty(&probe.report(&peer));
    }
    let headers: Vec<Value> =
        request.headers().iter().map(|header| json!([header.field.as_str().as_str(), header.value.as_str()])).collect();
    pretty(&json!({
        "part": probe.part.name,
        "method": request.method().as_str(),
        "path": url,
        "headers": headers,
        "peer": peer,
    }))
}

fn header(request: &Request, name: &str) -> Option<String> {
    let found = request.headers().iter().find(|header| header.field.as_str().as_str().eq_ignore_ascii_case(name));
    found.map(|header| header.value.as_str().to_owned())
}

fn pretty(value: &Value) -> Answer {
    (200, vec![("Content-Type", "application/json".to_owned())], format!("{value:#}\n"))
}

fn response((status, headers, body): Answer) -> Response<Cursor<Vec<u8>>> {
    let mut response = Response::from_string(body).with_status_code(status);
    for (name, value) in headers {
        match Header::from_bytes(name, value) {
            Ok(header) => response = response.with_header(header),
            Err(()) => say(&format!("the header {name} cannot be sent")),
        }
    }
    response
}
