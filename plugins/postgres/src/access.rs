//! pg_hba.conf, <https://www.postgresql.org/docs/current/auth-pg-hba-conf.html>, and pg_ident.conf,
//! <https://www.postgresql.org/docs/current/auth-username-maps.html>: who may connect, and as whom.
//!
//! Both are files of the server's package, and before PostgreSQL 16 they include no others, so rick keeps one block of
//! its own in each. pg_hba.conf is read from the top, and the first line that fits decides: the block stands before
//! everything else, and no line of it fits anybody but a service at its own database.

use rick_plugin_sdk::{Artifact, Place, Version};

use crate::GROUP;

/// How a service is known to the server.
#[derive(Debug)]
pub enum Method {
    /// The user that connects has the role's name.
    Peer,
    /// This user may be the role.
    PeerAs(String),
    /// By password.
    Scram,
}

/// One service's access.
#[derive(Debug)]
pub struct Access {
    /// The database.
    pub database: String,
    /// The role.
    pub role: String,
    /// How it is known.
    pub method: Method,
    /// Where the service says so.
    pub because: Vec<Place>,
}

impl Access {
    /// The user of the machine that it is for; none, where a password says who it is.
    pub fn user(&self) -> Option<&str> {
        match &self.method {
            Method::Peer => Some(&self.role),
            Method::PeerAs(user) => Some(user),
            Method::Scram => None,
        }
    }
}

/// The name of rick's map in pg_ident.conf.
const MAP: &str = "rick";

/// What both files begin with: it is there also where no line follows, so that a block is emptied when its last line goes.
fn begin(path: &str, all: &[Access]) -> Artifact {
    let mut file = Artifact::new(path).mode(0o640).owner("root", GROUP);
    let because: Vec<Place> = all.iter().flat_map(|access| access.because.clone()).collect();
    file.line("# written by rick; change the services' manifests instead", because);
    file
}

/// The block of pg_hba.conf.
pub fn hba(all: &[Access], version: Option<Version>) -> Artifact {
    let mut file = begin("/etc/rick/postgres/pg_hba.conf", all);
    for Access { database, role, method, because } in all {
        let method = match method {
            Method::Peer => "peer".to_owned(),
            Method::PeerAs(_) => format!("peer map={MAP}"),
            Method::Scram => "scram-sha-256".to_owned(),
        };
        file.line(format!("local {} {} {method}", token(database, version), token(role, version)), because.as_slice());
    }
    file
}

/// The block of pg_ident.conf.
pub fn ident(all: &[Access], version: Option<Version>) -> Artifact {
    let mut file = begin("/etc/rick/postgres/pg_ident.conf", all);
    for Access { role, method, because, .. } in all {
        if let Method::PeerAs(user) = method {
            file.line(format!("{MAP} {} {}", token(user, version), token(role, version)), because.as_slice());
        }
    }
    file
}

/// A name that stands for itself. Quotes take their meaning from `all`, `replication`, `+group`, `@file` and commas, but
/// not from a leading `/`, which begins a regular expression from PostgreSQL 16 on: there such a name is written as one.
fn token(name: &str, version: Option<Version>) -> String {
    let patterns = version.is_none_or(|version| version >= Version(16, 0, 0));
    match name.strip_prefix('/') {
        Some(rest) if patterns => quoted(&format!("/^/{}$", literal_pattern(rest))),
        _ => quoted(name),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// A regular expression for just this text: a backslash takes its meaning from any character that is no letter or digit.
fn literal_pattern(text: &str) -> String {
    let mut pattern = String::new();
    for character in text.chars() {
        if character.is_ascii_punctuation() {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As next_token of PostgreSQL's hba.c reads a line: the tokens, and whether each began with a quote.
    fn tokens(line: &str) -> Vec<(String, bool)> {
        let mut tokens = Vec::new();
        let mut rest = line.chars().peekable();
        loop {
            while rest.next_if(|character| matches!(character, ' ' | '\t' | '\r' | ',')).is_some() {}
            if rest.peek().is_none_or(|&character| character == '#') {
                return tokens;
            }
            let (mut token, mut quoted, mut in_quote, mut was_quote) = (String::new(), false, false, false);
            while let Some(character) = rest.next_if(|character| in_quote || !matches!(character, ' ' | '\t' | '\r' | ',' | '#'))
            {
                if character != '"' || was_quote {
                    token.push(character);
                }
                was_quote = in_quote && character == '"' && !was_quote;
                if character == '"' {
                    in_quote = !in_quote;
                    quoted |= token.is_empty();
                }
            }
            tokens.push((token, quoted));
        }
    }

    /// A pattern that matches one text only, read as that text.
    fn only_match(pattern: &str) -> Option<String> {
        let mut rest = pattern.strip_prefix("/^")?.strip_suffix('$')?.chars();
        let mut out = String::new();
        while let Some(character) = rest.next() {
            match character {
                '\\' => out.push(rest.next().filter(|escaped| !escaped.is_ascii_alphanumeric())?),
                '/' => out.push('/'),
                special if special.is_ascii_punctuation() => return None,
                other => out.push(other),
            }
        }
        Some(out)
    }

    const OLD: Option<Version> = Some(Version(15, 0, 0));
    const NEW: Option<Version> = Some(Version(16, 0, 0));

    #[test]
    fn words_with_a_meaning_lose_it() {
        for name in ["all", "replication", "sameuser", "samerole", "+admins", "@file", "a,b", "a b", "a#b", "a\"b", "\"", "/"] {
            let line = format!("local {} \"role\" peer", token(name, OLD));
            let expected =
                [("local", false), (name, true), ("role", true), ("peer", false)].map(|(text, quoted)| (text.to_owned(), quoted));
            assert_eq!(tokens(&line), expected, "{line}");
        }
    }

    #[test]
    fn a_leading_slash_is_a_pattern_from_16_on() {
        assert_eq!(token("/db.1", OLD), r#""/db.1""#);
        assert_eq!(token("/db.1", NEW), r#""/^/db\.1$""#);
        assert_eq!(token("/db.1", None), token("/db.1", NEW));
        assert_eq!(token("a/b", NEW), r#""a/b""#);
    }

    proptest! {
        #[test]
        fn a_name_comes_back(name in "/?[^\\x00-\\x1f\\x7f]{1,20}") {
            prop_assert_eq!(tokens(&token(&name, OLD)), vec![(name.clone(), true)]);
            let new = tokens(&token(&name, NEW));
            prop_assert_eq!(new.len(), 1);
            prop_assert!(new[0].1);
            let read = if name.starts_with('/') { only_match(&new[0].0) } else { Some(new[0].0.clone()) };
            prop_assert_eq!(read, Some(name));
        }
    }
}
