//! Where the backups of a service go, and by what leave: restic's repository, its password, and variables.

use rick_plugin_sdk::place::key_of;
use rick_plugin_sdk::slots::Piece;
use rick_plugin_sdk::{Place, ServiceCall, fact, setting};

use crate::Backup;

/// The kinds of repositories that restic has: <https://restic.readthedocs.io/en/stable/030_preparing_a_new_repo.html>.
const REMOTE: [&str; 8] = ["sftp:", "rest:", "s3:", "swift:", "b2:", "azure:", "gs:", "rclone:"];

/// Where the backups go.
#[derive(Debug)]
pub struct Destination {
    /// The repository as restic writes it.
    pub repository: Vec<Piece>,
    /// Where it is said.
    pub place: Place,
    /// The secret that is its password, and where that is said.
    pub password: (String, Place),
    /// Variables, each with where it is said.
    pub env: Vec<(String, Vec<Piece>, Place)>,
}

impl Destination {
    /// What is said for the machine, and else for all of them; none, where nobody said it.
    pub fn of(call: &ServiceCall<Backup>) -> Option<Self> {
        let (text, place) = match (&call.facts.repository, &call.settings.repository) {
            (Some(text), _) => (text, fact(&["repository"])),
            (None, Some(text)) => (text, setting(&["repository"])),
            (None, None) => return None,
        };
        let named = |text: &str| text.replace("{service}", &call.service.name).replace("{machine}", &call.machine.name);
        let repository = text
            .pieces()
            .into_iter()
            .map(|piece| match piece {
                Piece::Text(text) => Piece::Text(named(&text)),
                secret @ Piece::Secret(_) => secret,
            })
            .collect();
        let password = match &call.facts.password {
            Some(password) => (named(password), fact(&["password"])),
            None => (named(&call.settings.password), setting(&["password"])),
        };
        let settings = call.settings.env.iter().filter(|(variable, _)| !call.facts.env.contains_key(*variable));
        let settings = settings.map(|(variable, text)| (variable.clone(), text.pieces(), key_of(setting(&["env", variable]))));
        let facts = call.facts.env.iter();
        let facts = facts.map(|(variable, text)| (variable.clone(), text.pieces(), key_of(fact(&["env", variable]))));
        Some(Self { repository, place, password, env: settings.chain(facts).collect() })
    }

    /// The repository without its secrets.
    pub fn shown(&self) -> String {
        let text = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Secret(_) => "***".to_owned(),
        };
        self.repository.iter().map(text).collect()
    }

    /// The path of a repository on the machine itself.
    pub fn local(&self) -> Option<String> {
        let shown = self.shown();
        let path = shown.strip_prefix("local:").unwrap_or(&shown);
        path.starts_with('/').then(|| path.to_owned())
    }

    /// Whether restic has this kind of repository, and the name means the same wherever it is started.
    pub fn is_known(&self) -> bool {
        let shown = self.shown();
        // systemd takes no path with `..` for one to write to.
        let plain = |path: String| path.split('/').all(|part| part != "..");
        self.local().is_some_and(plain) || REMOTE.iter().any(|kind| shown.strip_prefix(kind).is_some_and(|rest| !rest.is_empty()))
    }

    /// Every secret, with where it is said.
    pub fn secrets(&self) -> Vec<(String, Place)> {
        let in_pieces = |pieces: &[Piece], place: &Place| -> Vec<(String, Place)> {
            let secret = |piece: &Piece| match piece {
                Piece::Secret(secret) => Some((secret.secret.clone(), place.clone())),
                Piece::Text(_) => None,
            };
            pieces.iter().filter_map(secret).collect()
        };
        let mut all = vec![self.password.clone()];
        all.extend(in_pieces(&self.repository, &self.place));
        all.extend(self.env.iter().flat_map(|(_, pieces, place)| in_pieces(pieces, place)));
        all
    }
}
