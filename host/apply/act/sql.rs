//! SQL that may be run twice, by psql and peer.

use super::Context;
use crate::apply::command::{Trouble, run};

impl Context<'_> {
    /// Runs a script. It is read from a pipe: the file may be one that the user cannot read.
    pub(super) fn psql(&self, script: &[u8], database: &str, whom: &str) -> Result<(), Trouble> {
        let user = self.user(whom)?;
        let words = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-"];
        // By a variable: as a word, psql would take `a=b` for a whole connection.
        let ended = run(&words).with("PGDATABASE", database).by(&user).reading(script).within(600).ended()?;
        if ended.succeeded() { Ok(()) } else { Err(ended.trouble("PostgreSQL refuses it")) }
    }
}
