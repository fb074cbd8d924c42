//! Sites, asked from the machine itself by curl, whatever the domain's address is in the world.

use super::super::{Answer, Authority, Context, Question, Visitor};
use super::{fails, fails_so};
use crate::apply::command::run;

/// The certificate of Caddy's own authority, where Debian's package keeps it.
const AUTHORITY: &str = "/var/lib/caddy/.local/share/caddy/pki/authorities/local/root.crt";

pub(super) fn http(context: &Context<'_>, question: &Question) -> Result<(), Answer> {
    let Question::Http { url, status, r#as, headers, location, not_location, authority } = question else { return Ok(()) };
    let (scheme, rest) = url.split_once("://").ok_or_else(|| fails(format!("`{url}` is no URL")))?;
    let site = rest.split(['/', '?']).next().unwrap_or_default();
    let (host, port) = site.rsplit_once(':').unwrap_or((site, if scheme == "http" { "80" } else { "443" }));
    // By standard input: a session's cookie must not be seen in the list of processes.
    let mut options =
        vec![format!("url = {}", quoted(url)), format!("resolve = {}", quoted(&format!("{host}:{port}:127.0.0.1")))];
    match authority {
        Authority::Trusted => {}
        Authority::Internal => options.push(format!("cacert = {}", quoted(context.machine.path(AUTHORITY.into()).as_str()))),
        Authority::Any => options.push("insecure".to_owned()),
    }
    for (name, value) in headers {
        options.push(format!("header = {}", quoted(&format!("{name}: {value}"))));
    }
    if let Some(visitor) = r#as {
        let who = if *visitor == Visitor::Member { "member" } else { "outsider" };
        let cookies = context.sessions.get(visitor).ok_or_else(|| {
            Answer::NotAsked(format!(
                "no session is given: `--session {who}=FILE`, with the cookies of a browser that is signed on"
            ))
        })?;
        options.push(format!("cookie = {}", quoted(cookies.trim())));
    }
    let config = options.join("\n") + "\n";
    // First `-q`: what root keeps for itself in ~/.curlrc is not meant.
    let ended = run(&[
        "curl",
        "-q",
        "--globoff",
        "--proto",
        "=http,https",
        "--silent",
        "--show-error",
        "--max-time",
        "20",
        "--path-as-is",
        "--output",
        "/dev/null",
    ])
    .words(["--write-out", "%{http_code} %{redirect_url}", "--config", "-"])
    .reading(config.as_bytes())
    .within(30)
    .ended()?;
    if !ended.succeeded() {
        return Err(ended.trouble(format!("`{url}` does not answer")).into());
    }
    let (code, to) = ended.out.split_once(' ').unwrap_or((&ended.out, ""));
    let code: u16 = code.parse().unwrap_or(0);
    if !status.contains(&code) {
        let wanted = status.iter().map(u16::to_string).collect::<Vec<_>>().join(" or ");
        let what = format!("the status is {code}, and not {wanted}");
        return Err(match code {
            502 | 503 => fails_so(what, "whoever should answer behind the proxy does not"),
            404 => fails_so(what, "the proxy, or whoever answers behind it, does not know the path"),
            _ => fails(what),
        });
    }
    match (location, not_location) {
        (Some(wanted), _) if !to.starts_with(wanted.as_str()) => {
            Err(fails(format!("it leads to `{to}`, and not to `{wanted}…`")))
        }
        (_, Some(unwanted)) if to.contains(unwanted.as_str()) && r#as.is_some() => {
            Err(fails_so(format!("it leads to `{to}`"), "the session may be over: give the cookies anew"))
        }
        (_, Some(unwanted)) if to.contains(unwanted.as_str()) => Err(fails(format!("it leads to `{to}`"))),
        _ => Ok(()),
    }
}

/// A word of curl's configuration: <https://curl.se/docs/manpage.html#-K>. The file is read line by line, so that no word may end one.
fn quoted(text: &str) -> String {
    let text: String = text.chars().filter(|letter| !letter.is_control()).collect();
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn no_word_begins_another_line() {
        assert_eq!(quoted("http://a/\noutput = /etc/x\r\n"), r#""http://a/output = /etc/x""#);
        assert_eq!(quoted(r#"a"b\c"#), r#""a\"b\\c""#);
    }
}
