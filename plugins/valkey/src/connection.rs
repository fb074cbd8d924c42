//! What a client is told: URLs in the dialects of client libraries, and their pieces.
//!
//! All speak of a user, a password, a socket and a number, and no two agree how. What each understands was tried with the library
//! itself; a form that it does not know is often no error, but another database or no password at all.

use rick_plugin_sdk::{Piece, percent_encoded, text};

use crate::table::{Client, Form};

/// Where the cache is, and whom to be there.
#[derive(Debug)]
pub struct Connection<'a> {
    /// The server's socket.
    pub socket: &'a str,
    /// Whom to connect as.
    pub user: &'a str,
    /// The secret with the user's password.
    pub password: &'a str,
    /// The number of the database.
    pub db: u64,
    /// What the keys begin with; empty where the whole server is the service's.
    pub prefix: &'a str,
}

impl Connection<'_> {
    /// The value of a variable.
    pub fn value(&self, form: Form, client: Client) -> Vec<Piece> {
        match form {
            Form::Url => self.url(client),
            Form::Socket => text(self.socket),
            Form::Db => text(&self.db.to_string()),
            Form::User => text(self.user),
            Form::Password => vec![Piece::secret(self.password, &[])],
            Form::Prefix => text(self.prefix),
        }
    }

    fn url(&self, client: Client) -> Vec<Piece> {
        let (user, socket, db) = (percent_encoded(self.user, ""), percent_encoded(self.socket, "/"), self.db);
        let (before, after) = match client {
            // A password in the query is dropped by node-redis, refused by go-redis and decoded twice by redis-py before 8.
            Client::Portable | Client::RedisPy | Client::GoRedis | Client::NodeRedis => {
                (format!("unix://{user}:"), format!("@{socket}?db={db}"))
            }
            Client::Celery => (format!("redis+socket://{user}:"), format!("@{socket}?virtual_host={db}")),
            Client::RedisRs => (format!("redis+unix://{socket}?db={db}&user={user}&pass="), String::new()),
            // With a scheme, it takes the socket's path for a part of a host's address.
            Client::Ioredis => (format!("{socket}?db={db}&username={user}&password="), String::new()),
        };
        let mut pieces = vec![Piece::Text(before), Piece::secret(self.password, &["percent"])];
        if !after.is_empty() {
            pieces.push(Piece::Text(after));
        }
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(client: Client) -> String {
        let connection =
            Connection { socket: "/run/valkey/valkey.sock", user: "my-service", password: "pw", db: 3, prefix: "my-service:" };
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Secret(secret) => format!("«{} {}»", secret.secret, secret.encode.join(" ")),
        };
        connection.value(Form::Url, client).iter().map(piece).collect()
    }

    #[test]
    fn every_dialect() {
        let portable = "unix://my-service:«pw percent»@/run/valkey/valkey.sock?db=3";
        for client in [Client::Portable, Client::RedisPy, Client::GoRedis, Client::NodeRedis] {
            assert_eq!(url(client), portable);
        }
        assert_eq!(url(Client::Celery), "redis+socket://my-service:«pw percent»@/run/valkey/valkey.sock?virtual_host=3");
        assert_eq!(url(Client::RedisRs), "redis+unix:///run/valkey/valkey.sock?db=3&user=my-service&pass=«pw percent»");
        assert_eq!(url(Client::Ioredis), "/run/valkey/valkey.sock?db=3&username=my-service&password=«pw percent»");
    }
}
