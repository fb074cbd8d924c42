//! What a client is told: connection strings of libpq, <https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING>,
//! and their pieces.

use std::fmt::Write as _;

use rick_plugin_sdk::{Piece, percent_encoded, text};

use crate::table::{Form, PORT};

/// Where the database is, and whom to be there.
#[derive(Debug)]
pub struct Connection<'a> {
    /// The server listens in it.
    pub socket_directory: &'a str,
    /// The port in the socket's name.
    pub port: u16,
    /// Whom to connect as.
    pub role: &'a str,
    /// What to connect to.
    pub database: &'a str,
    /// The secret with the password; none with peer.
    pub password: Option<&'a str>,
}

impl Connection<'_> {
    /// The value of a variable; `None` where there is no password to give.
    pub fn value(&self, form: Form) -> Option<Vec<Piece>> {
        Some(match form {
            Form::Url => self.url(),
            Form::UrlEncodedHost => self.url_encoded_host(),
            Form::Dsn => self.dsn(),
            Form::Host => text(self.socket_directory),
            Form::Port => text(&self.port.to_string()),
            Form::Database => text(self.database),
            Form::Role => text(self.role),
            Form::Password => vec![Piece::secret(self.password?, &[])],
        })
    }

    /// The form that most clients know: libpq and psycopg, SQLAlchemy, node's pg, dj-database-url.
    fn url(&self) -> Vec<Piece> {
        let mut rest = format!("@/{}?host={}", percent_encoded(self.database, ""), percent_encoded(self.socket_directory, "/"));
        if self.port != PORT {
            let _ = write!(rest, "&port={}", self.port);
        }
        self.with_user(rest)
    }

    /// The form for clients that drop a URL's query. SQLAlchemy does not decode the host of it.
    fn url_encoded_host(&self) -> Vec<Piece> {
        let port = if self.port == PORT { String::new() } else { format!(":{}", self.port) };
        self.with_user(format!("@{}{port}/{}", percent_encoded(self.socket_directory, ""), percent_encoded(self.database, "")))
    }

    fn with_user(&self, rest: String) -> Vec<Piece> {
        let user = format!("postgresql://{}", percent_encoded(self.role, ""));
        match self.password {
            None => vec![Piece::Text(user + &rest)],
            // Unencoded, libpq would end the password at the first `@` of it.
            Some(secret) => vec![Piece::Text(user + ":"), Piece::secret(secret, &["percent"]), Piece::Text(rest)],
        }
    }

    /// Keywords and values. `sslmode=disable`, since clients that are not libpq ask for TLS on a socket as well.
    fn dsn(&self) -> Vec<Piece> {
        let user = format!("user={}", keyword_value(self.role));
        let mut rest = format!(" dbname={} host={}", keyword_value(self.database), keyword_value(self.socket_directory));
        if self.port != PORT {
            let _ = write!(rest, " port={}", self.port);
        }
        rest.push_str(" sslmode=disable");
        match self.password {
            None => vec![Piece::Text(user + &rest)],
            Some(secret) => vec![Piece::Text(user + " password="), Piece::secret(secret, &["libpq-keyword"]), Piece::Text(rest)],
        }
    }
}

/// A value of a keyword/value string: in single quotes where a space, a quote or a backslash could end it.
pub fn keyword_value(value: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "_-./".contains(character);
    if !value.is_empty() && value.chars().all(plain) { value.to_owned() } else { quoted_value(value) }
}

/// The same, always in quotes.
pub fn quoted_value(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn joined(pieces: &[Piece]) -> String {
        pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.clone(),
                Piece::Secret(secret) => format!("«{} {}»", secret.secret, secret.encode.join(" ")),
            })
            .collect()
    }

    fn value(form: Form, port: u16, password: Option<&str>) -> Option<String> {
        let connection = Connection { socket_directory: "/run/postgresql", port, role: "my role", database: "100%", password };
        connection.value(form).map(|pieces| joined(&pieces))
    }

    #[test]
    fn every_form_by_peer() {
        let forms =
            [Form::Url, Form::UrlEncodedHost, Form::Dsn, Form::Host, Form::Port, Form::Database, Form::Role, Form::Password];
        let values = forms.map(|form| value(form, 5432, None));
        let expected = [
            Some("postgresql://my%20role@/100%25?host=/run/postgresql"),
            Some("postgresql://my%20role@%2Frun%2Fpostgresql/100%25"),
            Some("user='my role' dbname='100%' host=/run/postgresql sslmode=disable"),
            Some("/run/postgresql"),
            Some("5432"),
            Some("100%"),
            Some("my role"),
            None,
        ];
        assert_eq!(values, expected.map(|value| value.map(str::to_owned)));
    }

    #[test]
    fn every_form_with_a_password_and_another_port() {
        let values = [Form::Url, Form::UrlEncodedHost, Form::Dsn, Form::Password].map(|form| value(form, 5433, Some("pw")));
        let expected = [
            "postgresql://my%20role:«pw percent»@/100%25?host=/run/postgresql&port=5433",
            "postgresql://my%20role:«pw percent»@%2Frun%2Fpostgresql:5433/100%25",
            "user='my role' password=«pw libpq-keyword» dbname='100%' host=/run/postgresql port=5433 sslmode=disable",
            "«pw »",
        ];
        assert_eq!(values, expected.map(|value| Some(value.to_owned())));
    }

    /// As conninfo_parse of libpq reads it.
    fn parsed(dsn: &str) -> BTreeMap<String, String> {
        let mut values = BTreeMap::new();
        let mut rest = dsn.chars().peekable();
        loop {
            while rest.next_if(|character| character.is_ascii_whitespace()).is_some() {}
            if rest.peek().is_none() {
                return values;
            }
            let name: String = std::iter::from_fn(|| rest.next_if(|&character| character != '=')).collect();
            rest.next();
            let quoted = rest.next_if_eq(&'\'').is_some();
            let mut value = String::new();
            while let Some(character) = rest.next() {
                match character {
                    '\'' if quoted => break,
                    '\\' => value.extend(rest.next()),
                    space if !quoted && space.is_ascii_whitespace() => break,
                    other => value.push(other),
                }
            }
            values.insert(name, value);
        }
    }

    proptest! {
        #[test]
        fn a_dsn_comes_back(role in "[^\\x00]+", database in "[^\\x00]*") {
            let connection = Connection { socket_directory: "/run/postgresql", port: 5432, role: &role, database: &database, password: None };
            let values = parsed(&joined(&connection.dsn()));
            prop_assert_eq!(&values["user"], &role);
            prop_assert_eq!(&values["dbname"], &database);
            prop_assert_eq!(&values["sslmode"], "disable");
            prop_assert_eq!(values.len(), 4);
        }
    }
}
