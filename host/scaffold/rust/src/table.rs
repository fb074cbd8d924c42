//! What a manifest says in `[__name__]`.

use schemars::JsonSchema;
use serde::Deserialize;

// The doc comments and the serde attributes are the table's schema. rick holds a manifest against it and fills in the
// defaults, so that a call never sees a table that does not fit.

/// `[__name__]`: whom to ask about the service.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// An e-mail address.
    #[schemars(
        regex(pattern = r"^[^\x00-\x20\x7f@]+@[^\x00-\x20\x7f@]+$"),
        extend("x-form" = "an e-mail address")
    )]
    pub contact: String,
    /// Whoever logs in on the machine is told as well.
    #[serde(default = "yes")]
    pub motd: bool,
}

fn yes() -> bool {
    true
}
