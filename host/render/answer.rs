//! What a plugin answered, for the next runs. Of most answers that were kept only what was found is read, and enough to tell that nothing
//! new is in their way: their files and contributions are the larger part by far.

use serde::{Deserialize, Serialize};

use crate::calls::Question;
use crate::compose::in_own_form;
use crate::contract::render::Rendered;
use crate::contract::types::{Artifact, Contribution, Diagnostic};
use crate::engine::short_digest;

/// An answer. What is read of a kept one has no parts; those are read as a [`Whole`].
#[derive(Serialize, Deserialize)]
#[serde(from = "Brief")]
pub struct Answer {
    /// What was found.
    pub diagnostics: Vec<Diagnostic>,
    /// What the rest is about.
    pub marks: Marks,
    /// The rest. It is the last, so that what is before it can be read alone.
    #[serde(serialize_with = "here")]
    pub parts: Option<Parts>,
}

/// The beginning of a kept answer.
#[derive(Deserialize)]
struct Brief {
    diagnostics: Vec<Diagnostic>,
    marks: Marks,
}

/// All of a kept answer.
#[derive(Deserialize)]
pub struct Whole {
    /// What it begins with.
    _brief: Brief,
    /// The rest.
    pub parts: Parts,
}

/// What an answer makes.
#[derive(Serialize, Deserialize)]
pub struct Parts {
    /// Contributions, their values in rick's own form.
    pub contributions: Vec<Contribution>,
    /// Files.
    pub artifacts: Vec<Artifact>,
}

/// What contributions and files are about, as numbers. Those of two that are about the same are the same; that two others have the same by
/// chance costs a closer look, and nothing else.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Marks {
    contributions: Vec<u64>,
    paths: Vec<u64>,
    /// The folders that the files are in, and those that these are in.
    folders: Vec<u64>,
}

impl From<Brief> for Answer {
    fn from(Brief { diagnostics, marks }: Brief) -> Self {
        Self { diagnostics, marks, parts: None }
    }
}

fn here<S: serde::Serializer>(parts: &Option<Parts>, serializer: S) -> Result<S::Ok, S::Error> {
    match parts {
        Some(parts) => parts.serialize(serializer),
        None => Err(serde::ser::Error::custom("what was read of a kept answer is not kept again")),
    }
}

impl Answer {
    /// That of a plugin to a question.
    pub fn of(rendered: Rendered, question: &Question) -> Self {
        let Rendered { artifacts, mut contributions, diagnostics } = rendered;
        let mut marks = Marks::default();
        for said in &mut contributions {
            said.value = in_own_form(&said.value);
            marks.contribution(said, question);
        }
        artifacts.iter().for_each(|artifact| marks.path(&artifact.path));
        Self { diagnostics, marks, parts: Some(Parts { contributions, artifacts }) }
    }
}

impl Marks {
    fn contribution(&mut self, said: &Contribution, question: &Question) {
        let service = said.target.service.as_ref().or(question.service.as_ref());
        let machine = said.target.machine.as_ref().or(question.machine.as_ref());
        let or_none = |part: Option<&String>| part.map_or("", String::as_str).to_owned();
        let (service, machine, part) = (or_none(service), or_none(machine), or_none(said.target.part.as_ref()));
        self.contributions.push(mark(&[&said.slot, &service, &machine, &said.key, &part]));
    }

    /// A file is there.
    pub fn path(&mut self, path: &str) {
        self.paths.push(mark(&[path]));
        self.folders.extend(path.match_indices('/').map(|(end, _)| mark(&[&path[..end]])));
    }

    /// Those of another as well.
    pub fn extend(&mut self, other: &Self) {
        self.contributions.extend(&other.contributions);
        self.paths.extend(&other.paths);
        self.folders.extend(&other.folders);
    }

    /// Before others are held against them.
    pub fn sort(&mut self) {
        [&mut self.contributions, &mut self.paths, &mut self.folders].into_iter().for_each(|marks| marks.sort_unstable());
    }

    /// Whether any of another's is about the same: a contribution, a file at a file's path, or one where a folder is.
    pub fn meet(&self, other: &Self) -> bool {
        let among = |marks: &[u64], others: &[u64]| others.iter().any(|other| marks.binary_search(other).is_ok());
        among(&self.contributions, &other.contributions)
            || among(&self.paths, &other.paths)
            || among(&self.paths, &other.folders)
            || among(&self.folders, &other.paths)
    }
}

fn mark(parts: &[&str]) -> u64 {
    let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
    let [a, b, c, d, e, f, g, h, ..] = short_digest(&parts);
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(paths: &[&str]) -> Marks {
        let mut marks = Marks::default();
        paths.iter().for_each(|path| marks.path(path));
        marks.sort();
        marks
    }

    #[test]
    fn files_meet_where_one_is_at_the_others_path_or_in_its_way() {
        let one = paths(&["/etc/rick/a/b.conf", "/etc/x"]);
        for other in ["/etc/rick/a/b.conf", "/etc/rick/a", "/etc/x/y", "/etc/x"] {
            assert!(one.meet(&paths(&[other])), "{other}");
        }
        for other in ["/etc/rick/a/c.conf", "/etc/y", "/etc/xy"] {
            assert!(!one.meet(&paths(&[other])), "{other}");
        }
    }

    #[test]
    fn of_a_kept_answer_the_beginning_is_read_or_all() {
        let question = Question {
            about: "service `a`".to_owned(),
            scope: crate::contract::types::Scope::Service,
            service: Some("a".to_owned()),
            machine: Some("web1".to_owned()),
            input: String::new(),
        };
        let artifact = Artifact {
            path: "/etc/a".to_owned(),
            machine: None,
            mode: 0o644,
            owner: "root".to_owned(),
            group: "root".to_owned(),
            content: Vec::new(),
            more: None,
        };
        let rendered = Rendered { artifacts: vec![artifact.clone()], contributions: Vec::new(), diagnostics: Vec::new() };
        let answer = Answer::of(rendered, &question);
        let bytes = postcard::to_stdvec(&answer).expect("it can be written");
        let brief: Answer = postcard::from_bytes(&bytes).expect("its beginning can be read");
        assert!(brief.parts.is_none() && brief.marks == answer.marks);
        let whole: Whole = postcard::from_bytes(&bytes).expect("it can be read");
        assert_eq!(whole.parts.artifacts, [artifact]);
        assert!(postcard::from_bytes::<Whole>(&bytes[..bytes.len() - 1]).is_err());
    }
}
