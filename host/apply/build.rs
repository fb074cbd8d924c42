//! What a build is to a machine: its files, steps and secrets, read back from the folder that `rick build` wrote.

use std::collections::BTreeMap;
use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use serde::de::DeserializeOwned;

use super::action::{Phase, Step};
use crate::engine::digest;
use crate::error::Error;
use crate::plan::index::{self, Listing, Placed};
use crate::render::secrets::is_name;
use crate::secrets::{Needed, Provider};
use crate::verify::Check;

/// A build that is whole: every file has the digest that the listing says. Made by [`Build::read`] alone.
#[derive(Debug)]
#[non_exhaustive]
pub struct Build {
    /// The folder.
    pub folder: Utf8PathBuf,
    /// The machine's name.
    pub machine: String,
    /// By path on the machine.
    pub files: BTreeMap<Utf8PathBuf, File>,
    /// In the order of an apply.
    pub steps: Vec<Step>,
    /// The questions to the running deployment.
    pub checks: Vec<Check>,
    /// By name.
    pub secrets: BTreeMap<String, Needed>,
    /// Where secrets are asked for, in their order.
    pub providers: Vec<Provider>,
}

/// A file to be on the machine.
#[derive(Debug)]
pub struct File {
    /// With marks where secrets go.
    pub text: Vec<u8>,
    /// Permission bits.
    pub mode: u32,
    /// A user's name.
    pub owner: String,
    /// A group's name.
    pub group: String,
    /// The phase at whose start it is put in place.
    pub phase: Phase,
    /// The marks.
    pub secrets: Vec<Placed>,
}

impl Build {
    /// Reads a machine's folder.
    pub fn read(folder: &Utf8Path) -> Result<Self, Error> {
        let Some(listing) = Listing::read(folder)? else {
            return Err(Error::Usage(format!(
                "`{folder}` is no build of a machine: it has no {}; `rick build` writes one for each, `dist/MACHINE`",
                index::FILE
            )));
        };
        let mut files = BTreeMap::new();
        let (mut steps, mut checks) = (Vec::new(), Vec::new());
        for listed in listing.files {
            let path = folder.join(&listed.path);
            let bytes = fs::read(&path).map_err(Error::file("read", &path))?;
            if digest(&bytes) != listed.sha256 {
                return Err(Error::Usage(format!(
                    "`{path}` is not what was built: it was changed, or the folder was copied in part; build again, or copy again"
                )));
            }
            match listed.path.as_str() {
                index::STEPS => steps = parse(&path, &bytes)?,
                index::CHECKS => checks = parse(&path, &bytes)?,
                _ => {
                    let Ok(below) = listed.path.strip_prefix(index::ROOT) else { continue };
                    let refused = |what: &str| Error::Usage(format!("the listing of `{folder}` has no {what} for `{below}`"));
                    let mode = listed.mode.as_deref().and_then(|mode| u32::from_str_radix(mode, 8).ok());
                    let phase: Option<Phase> = listed.phase.and_then(|phase| serde_json::from_value(phase.into()).ok());
                    let file = File {
                        text: bytes,
                        mode: mode.ok_or_else(|| refused("mode"))?,
                        owner: listed.owner.ok_or_else(|| refused("owner"))?,
                        group: listed.group.ok_or_else(|| refused("group"))?,
                        phase: phase.ok_or_else(|| refused("phase"))?,
                        secrets: listed.secrets,
                    };
                    if file.secrets.iter().any(|placed| placed.offset + placed.length > file.text.len()) {
                        return Err(refused("place for a secret"));
                    }
                    files.insert(Utf8Path::new("/").join(below), file);
                }
            }
        }
        if let Some(name) = listing.secrets.keys().find(|name| !is_name(name)) {
            return Err(Error::Usage(format!(
                "the listing of `{folder}` has `{name}`, which is no secret's name; nothing was done"
            )));
        }
        let (secrets, providers) = (listing.secrets, listing.providers);
        Ok(Self { folder: folder.to_owned(), machine: listing.machine, files, steps, checks, secrets, providers })
    }
}

fn parse<T: DeserializeOwned>(path: &Utf8Path, bytes: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|error| {
        Error::Usage(format!("`{path}` says what this rick does not know: {error}; apply with the rick that built it"))
    })
}
