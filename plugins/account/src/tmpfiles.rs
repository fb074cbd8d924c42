//! tmpfiles.d: <https://www.freedesktop.org/software/systemd/man/latest/tmpfiles.d.html>

use rick_plugin_sdk::slots::{DirectoryValue, IdentityValue};
use rick_plugin_sdk::{Artifact, Read, service};

/// Lingering and the service's directories, parents first.
pub fn render(name: &str, identity: &Read<IdentityValue>, directories: &[Read<DirectoryValue>]) -> Artifact {
    let mut file = Artifact::new(format!("/etc/tmpfiles.d/rick-{name}.conf"));
    file.line(format!("# the service {name}; written by rick, change its manifest instead"), service(&["name"]));
    // Without lingering the user's manager is not there at boot, nor after the last logout.
    file.line(format!("f /var/lib/systemd/linger/{} 0644 root root -", identity.value.user), &identity.place);
    for directory in directories {
        let (owner, group) = owner_of(&directory.value, &identity.value);
        let (path, owner, group) = (path(&directory.key), quoted(owner), quoted(group));
        file.line(format!("d {path} {} {owner} {group} -", directory.value.mode), &directory.place);
    }
    file
}

/// Who owns a directory: the service, where nobody else is named.
pub fn owner_of<'a>(directory: &'a DirectoryValue, identity: &'a IdentityValue) -> (&'a str, &'a str) {
    (directory.owner.as_deref().unwrap_or(&identity.user), directory.group.as_deref().unwrap_or(&identity.group))
}

/// A path as a field, with specifiers escaped.
fn path(path: &str) -> String {
    quoted(&path.replace('%', "%%"))
}

/// A text as one field: with C escapes, and in quotes where a space or a quote would end it.
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r");
    if escaped.is_empty() || escaped.contains([' ', '\t', '"', '\'']) {
        format!("\"{}\"", escaped.replace('"', "\\\""))
    } else {
        escaped
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_path_stays_one_field() {
        assert_eq!(super::path("/srv/data"), "/srv/data");
        assert_eq!(super::path("/srv/my data"), "\"/srv/my data\"");
        assert_eq!(super::path("/srv/100%"), "/srv/100%%");
        assert_eq!(super::path("/srv/a\nd /etc 0777"), "\"/srv/a\\nd /etc 0777\"");
        assert_eq!(super::quoted("a b"), "\"a b\"");
    }
}
