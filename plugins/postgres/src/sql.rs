//! SQL for psql: statements as values, and how each is written.
//!
//! Names and texts stand in the statements themselves, in PostgreSQL's own quotes, and not in variables of psql: each
//! line says all that it does, and there is one way of quoting less. What must be asked first is asked with `\gset` and
//! `\if`, since CREATE DATABASE runs neither in a transaction nor in a DO block, and a statement that `\gexec` runs is
//! text inside of text.

use rick_plugin_sdk::{Artifact, Line, Place};

use crate::connection::quoted_value;

/// Something that a script does.
#[derive(Debug)]
pub enum Statement<'a> {
    /// A remark.
    Comment(String),
    /// Whatever fails ends the script, and the step fails with it. The file is UTF-8, whatever the machine's locale says.
    Strict,
    /// Nothing is found but PostgreSQL's own functions and operators: in a schema that others can write to there may be
    /// one that a superuser should not run (<https://www.postgresql.org/docs/current/ddl-schemas.html#DDL-SCHEMAS-PATTERNS>).
    OwnFunctionsOnly,
    /// Goes on in another database, or at another server, and is the same user there.
    Connect(&'a [(&'a str, &'a str)]),
    /// The role is there.
    Role(&'a str),
    /// The role may log in and nothing else. `None`: there is no password that would be right.
    Login(&'a str, Option<&'a str>),
    /// Nobody can be the role any more.
    NoLogin(&'a str),
    /// The database is gone, whoever is connected to it. Forcing came with PostgreSQL 13.
    DropDatabase { name: &'a str, force: bool },
    /// The role is gone.
    DropRole(&'a str),
    /// The database is there. The template that nobody changes is the only one that takes another locale than its own.
    Database { name: &'a str, owner: &'a str, locale: &'a str },
    /// The database is the role's, also where it was there before.
    DatabaseOwner(&'a str, &'a str),
    /// Nobody but the owner may connect.
    DatabasePrivate(&'a str),
    /// Nobody but those who were named may connect.
    NoPublicConnect(&'a str),
    /// The schema `public` of the database at hand is the role's: before PostgreSQL 15 it is the superuser's.
    SchemaOwner(&'a str),
    /// Nobody but the owner may use the schema `public`.
    SchemaPrivate,
    /// Extensions go to `public`, where the service's queries find them, whatever the database's owner has set.
    ExtensionsInPublic,
    /// The extension is there, with those that it depends on.
    Extension(&'a str),
}

impl Statement<'_> {
    /// Adds the statement to a file.
    pub fn write(&self, file: &mut Artifact, because: &Place) {
        for line in self.lines() {
            file.push(line, because);
        }
    }

    /// The statements as one text, which has no secret in it.
    pub fn text(statements: &[Self]) -> String {
        statements.iter().flat_map(Self::lines).map(|line| format!("{}\n", line.as_text())).collect()
    }

    fn lines(&self) -> Vec<Line> {
        match self {
            Self::Comment(text) => one(format!("-- {text}")),
            Self::Strict => vec![Line::text(r"\set ON_ERROR_STOP on"), Line::text(r"\encoding UTF8")],
            Self::OwnFunctionsOnly => one("SET search_path = '';"),
            Self::Connect(keywords) => one(connect(keywords)),
            Self::Role(role) => {
                where_missing("pg_catalog.pg_roles", "rolname", role, &format!("CREATE ROLE {};", identifier(role)))
            }
            Self::Login(role, secret) => {
                let attributes = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS";
                let line = Line::text(&format!("ALTER ROLE {} {attributes} PASSWORD ", identifier(role)));
                vec![match secret {
                    None => line.then("NULL;"),
                    // A verifier, so that the password itself is in no log and in no file of the server's.
                    Some(secret) => line.secret(secret, &["scram-sha-256", "sql-literal"]).then(";"),
                }]
            }
            Self::NoLogin(role) => {
                where_there("pg_catalog.pg_roles", "rolname", role, &format!("ALTER ROLE {} NOLOGIN;", identifier(role)))
            }
            Self::DropDatabase { name, force } => {
                one(format!("DROP DATABASE IF EXISTS {}{};", identifier(name), if *force { " WITH (FORCE)" } else { "" }))
            }
            Self::DropRole(role) => one(format!("DROP ROLE IF EXISTS {};", identifier(role))),
            Self::Database { name, owner, locale } => {
                let (quoted, owner, locale) = (identifier(name), identifier(owner), literal(locale));
                let create =
                    format!("CREATE DATABASE {quoted} OWNER {owner} TEMPLATE template0 ENCODING 'UTF8' LOCALE {locale};");
                where_missing("pg_catalog.pg_database", "datname", name, &create)
            }
            Self::DatabaseOwner(name, owner) => {
                one(format!("ALTER DATABASE {} OWNER TO {};", identifier(name), identifier(owner)))
            }
            Self::DatabasePrivate(name) => one(format!("REVOKE ALL ON DATABASE {} FROM PUBLIC;", identifier(name))),
            Self::NoPublicConnect(name) => one(format!("REVOKE CONNECT ON DATABASE {} FROM PUBLIC;", identifier(name))),
            Self::SchemaOwner(owner) => one(format!("ALTER SCHEMA public OWNER TO {};", identifier(owner))),
            Self::SchemaPrivate => one("REVOKE ALL ON SCHEMA public FROM PUBLIC;"),
            Self::ExtensionsInPublic => one("SET search_path = public;"),
            Self::Extension(name) => one(format!("CREATE EXTENSION IF NOT EXISTS {} CASCADE;", identifier(name))),
        }
    }
}

fn one(text: impl AsRef<str>) -> Vec<Line> {
    vec![Line::text(text.as_ref())]
}

/// A statement that is run where a catalog has no row of the name.
fn where_missing(catalog: &str, column: &str, name: &str, create: &str) -> Vec<Line> {
    vec![
        Line::text(&format!(r"SELECT NOT EXISTS (SELECT FROM {catalog} WHERE {column} = {}) AS missing \gset", literal(name))),
        Line::text(r"\if :missing"),
        Line::text(&format!("  {create}")),
        Line::text(r"\endif"),
    ]
}

/// A statement that is run where a catalog has a row of the name.
fn where_there(catalog: &str, column: &str, name: &str, statement: &str) -> Vec<Line> {
    vec![
        Line::text(&format!(r"SELECT EXISTS (SELECT FROM {catalog} WHERE {column} = {}) AS there \gset", literal(name))),
        Line::text(r"\if :there"),
        Line::text(&format!("  {statement}")),
        Line::text(r"\endif"),
    ]
}

/// A name that stands for itself: case, spaces and keywords included.
fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text. With a backslash in it, in the form that means the same whatever `standard_conforming_strings` is.
fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') { format!("E'{}'", quoted.replace('\\', "\\\\")) } else { format!("'{quoted}'") }
}

/// `\connect` with a connection string: a bare name is taken for one where a `=` is in it, and `-` for the database at hand.
fn connect(keywords: &[(&str, &str)]) -> String {
    let string: Vec<String> = keywords.iter().map(|(keyword, value)| format!("{keyword}={}", quoted_value(value))).collect();
    format!(r"\connect -reuse-previous=on {}", identifier(&string.join(" ")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As PostgreSQL's scan.l reads one token in quotes that ends the text; `backslash`: it escapes what follows.
    fn unquoted(token: &str, quote: char, backslash: bool) -> Option<String> {
        let mut rest = token.strip_prefix(quote)?.chars();
        let mut out = String::new();
        loop {
            match rest.next()? {
                '\\' if backslash => out.push(rest.next()?),
                end if end == quote => match rest.next() {
                    None => return Some(out),
                    Some(again) if again == quote => out.push(quote),
                    Some(_) => return None,
                },
                other => out.push(other),
            }
        }
    }

    proptest! {
        #[test]
        fn an_identifier_comes_back(name in "[^\\x00]+") {
            prop_assert_eq!(unquoted(&identifier(&name), '"', false), Some(name));
        }

        #[test]
        fn a_literal_comes_back_whatever_the_server_does_with_backslashes(text in "[^\\x00]*") {
            let written = literal(&text);
            let read = match written.strip_prefix('E') {
                Some(escaped) => unquoted(escaped, '\'', true),
                None => unquoted(&written, '\'', false),
            };
            prop_assert_eq!(&read, &Some(text.clone()));
            if !written.starts_with('E') {
                prop_assert_eq!(unquoted(&written, '\'', true), Some(text));
            }
        }

        #[test]
        fn a_database_to_connect_to_comes_back(name in "[^\\x00-\\x1f]+") {
            let line = connect(&[("dbname", &name)]);
            let argument = unquoted(line.strip_prefix(r"\connect -reuse-previous=on ").expect("the option"), '"', false).expect("quotes");
            let value = argument.strip_prefix("dbname='").and_then(|rest| rest.strip_suffix('\'')).expect("a keyword and its value");
            let mut read = String::new();
            let mut rest = value.chars();
            while let Some(character) = rest.next() {
                prop_assert_ne!(character, '\'');
                read.extend(if character == '\\' { rest.next() } else { Some(character) });
            }
            prop_assert_eq!(read, name);
        }
    }
}
