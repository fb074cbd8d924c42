//! The machine that a build goes to: where its files are, and who is known there.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;

use camino::{Utf8Path, Utf8PathBuf};

use crate::error::Error;

/// A machine's root: `/` where it runs, another folder where it does not yet.
#[derive(Debug, Clone)]
pub struct Machine {
    root: Utf8PathBuf,
}

/// A user of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its name.
    pub name: String,
    /// Its number.
    pub uid: u32,
    /// Its first group's number.
    pub gid: u32,
    /// Its home.
    pub home: Utf8PathBuf,
}

/// Users and groups, as /etc/passwd and /etc/group have them. rick makes its users there, and servers' packages theirs.
#[derive(Debug, Clone, Default)]
pub struct Accounts {
    users: Vec<User>,
    groups: BTreeMap<String, (u32, Vec<String>)>,
}

impl Machine {
    /// The machine whose root is this folder.
    pub fn at(root: &Utf8Path) -> Result<Self, Error> {
        let root = root.canonicalize_utf8().map_err(Error::file("find", root))?;
        if !root.join("etc").is_dir() {
            return Err(Error::Usage(format!("`{root}` is no machine's root: there is no `etc` in it")));
        }
        Ok(Self { root })
    }

    /// The folder.
    pub fn root(&self) -> &Utf8Path {
        &self.root
    }

    /// Whether it is the machine that rick runs on, so that servers can be asked and units restarted.
    pub fn runs(&self) -> bool {
        self.root == "/"
    }

    /// Where a path of the machine is for rick.
    pub fn path(&self, path: &Utf8Path) -> Utf8PathBuf {
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// Who is known there.
    pub fn accounts(&self) -> Result<Accounts, Error> {
        let read = |path: &str| {
            let path = self.path(Utf8Path::new(path));
            match fs::read_to_string(&path) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
                read => read.map_err(Error::file("read", path)),
            }
        };
        let mut accounts = Accounts::default();
        for line in read("/etc/passwd")?.lines() {
            let fields: Vec<&str> = line.split(':').collect();
            if let [name, _, uid, gid, _, home, ..] = fields[..]
                && let (Ok(uid), Ok(gid)) = (uid.parse(), gid.parse())
            {
                accounts.users.push(User { name: name.to_owned(), uid, gid, home: home.into() });
            }
        }
        for line in read("/etc/group")?.lines() {
            let fields: Vec<&str> = line.split(':').collect();
            if let [name, _, gid, members, ..] = fields[..]
                && let Ok(gid) = gid.parse()
            {
                let members = members.split(',').filter(|member| !member.is_empty()).map(str::to_owned).collect();
                accounts.groups.insert(name.to_owned(), (gid, members));
            }
        }
        Ok(accounts)
    }
}

impl Accounts {
    /// A user by name.
    pub fn user(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|user| user.name == name)
    }

    /// A user by number.
    pub fn user_of(&self, uid: u32) -> Option<&User> {
        self.users.iter().find(|user| user.uid == uid)
    }

    /// A group's number.
    pub fn group(&self, name: &str) -> Option<u32> {
        self.groups.get(name).map(|(gid, _)| *gid)
    }

    /// A group's name.
    pub fn group_of(&self, gid: u32) -> Option<&str> {
        self.groups.iter().find(|(_, (other, _))| *other == gid).map(|(name, _)| name.as_str())
    }

    /// The groups that a user was put into, besides its first.
    pub fn supplementary(&self, user: &str) -> Vec<&str> {
        let of_user = self.groups.iter().filter(|(_, (_, members))| members.iter().any(|member| member == user));
        of_user.map(|(name, _)| name.as_str()).collect()
    }

    /// The numbers of all of a user's groups.
    pub fn gids(&self, user: &User) -> Vec<u32> {
        let supplementary = self.supplementary(&user.name).into_iter().filter_map(|name| self.group(name));
        std::iter::once(user.gid).chain(supplementary).collect()
    }

    /// A user's name for messages: "`anna`", or the number where nobody has it.
    pub fn name_of(&self, uid: u32) -> String {
        self.user_of(uid).map_or_else(|| format!("uid {uid}"), |user| format!("`{}`", user.name))
    }

    /// The same for a group.
    pub fn group_name_of(&self, gid: u32) -> String {
        self.group_of(gid).map_or_else(|| format!("gid {gid}"), |group| format!("`{group}`"))
    }
}

/// "0750 root:myservice", of what is there.
pub fn described(metadata: &fs::Metadata, accounts: &Accounts) -> String {
    let owner = accounts.user_of(metadata.uid()).map_or_else(|| metadata.uid().to_string(), |user| user.name.clone());
    let group = accounts.group_of(metadata.gid()).map_or_else(|| metadata.gid().to_string(), str::to_owned);
    format!("{:04o} {owner}:{group}", metadata.mode() & 0o7777)
}
