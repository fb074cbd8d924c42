//! The packs of policies that rick ships: files like any other, in `policies/`.

use std::sync::Arc;

use camino::Utf8PathBuf;

use super::shape::Shapes;
use super::{From, Policies};
use crate::diagnostic::Sink;
use crate::plugins::Plugins;
use crate::source::Sources;

/// A pack.
pub struct Pack {
    /// As rick.toml names it.
    pub name: &'static str,
    /// Its file.
    pub text: &'static str,
}

/// All, in the order of their names.
pub const ALL: &[Pack] = &[
    Pack { name: "access", text: include_str!("../../policies/access.toml") },
    Pack { name: "baseline", text: include_str!("../../policies/baseline.toml") },
    Pack { name: "data", text: include_str!("../../policies/data.toml") },
    Pack { name: "hardening", text: include_str!("../../policies/hardening.toml") },
];

/// The one of a name.
pub fn find(name: &str) -> Option<&'static Pack> {
    ALL.iter().find(|pack| pack.name == name)
}

/// The policies of all packs.
pub fn policies(plugins: &Plugins) -> Policies {
    let texts = ALL.iter().map(|pack| (From::Pack(pack.name), pack.path(), pack.text.to_owned())).collect();
    Policies::read(texts, Arc::new(Shapes::of(plugins)), &mut Sources::default(), &mut Sink::default())
}

impl Pack {
    /// As messages name its file, which is in no folder of the project.
    pub fn path(&self) -> Utf8PathBuf {
        format!("<rick>/policies/{}.toml", self.name).into()
    }
}
