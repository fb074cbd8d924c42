//! Secrets in what is rendered: a name with encodings, never a value. On the machine the value goes where the mark is.

/// The encodings that a secret's value may be put through, left to right.
///
/// * `percent`: percent-encoded for a URL's user, password or query (RFC 3986, everything but unreserved)
/// * `env-line`: a line of a podman env file, which has no quoting: a value with a newline is refused
/// * `sql-literal`: a literal of SQL, with its quotes
/// * `scram-sha-256`: a verifier of PostgreSQL (RFC 5803), with a salt that stays
/// * `libpq-keyword`: a value of a libpq keyword string, in quotes
/// * `sha256`: the digest in hexadecimal
/// * `base64`, `json-string`: as they say
pub const ENCODINGS: &[&str] =
    &["percent", "env-line", "sql-literal", "scram-sha-256", "libpq-keyword", "sha256", "base64", "json-string"];

/// Whether a secret may be called so: its name is a file's on the machine, so that no name may lead anywhere else.
pub fn is_name(name: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '-');
    (1..=253).contains(&name.len()) && !name.starts_with(['.', '-']) && name.chars().all(plain)
}

/// What such a name is.
pub const NAME: &str = "letters, digits, `_`, `.` and `-`, and neither of the last two first";

/// What stands in a built file where a secret goes. For people: a program goes by the offsets in `files.json`.
pub fn mark(name: &str, encode: &[String]) -> String {
    let steps: String = encode.iter().map(|step| format!(" | {step}")).collect();
    format!("<<rick secret: {name}{steps}>>")
}
