//! How a server is run: options on the command line of its unit, by a drop-in, so that its package's configuration stays as it is;
//! and the configuration of a server that is a service's own.

use rick_plugin_sdk::{Artifact, Place};

use crate::table::Facts;

/// As many databases as there are by default.
const DATABASES: u64 = 16;
/// As many as can be handed out, where the default is not enough. Not just enough: each change is a restart.
const MORE_DATABASES: u64 = 128;

/// The socket in a directory.
pub fn socket(directory: &str) -> String {
    format!("{directory}/valkey.sock")
}

/// The unit's directory outlives it: a container has mounted it, and would look into one that is gone.
fn begin(unit: &str, what: &str, because: &Place) -> Artifact {
    let mut file = Artifact::new(format!("/etc/systemd/system/{unit}.d/rick-valkey.conf"));
    file.line(format!("# {what}; written by rick"), because);
    file.line("[Service]", because);
    file.line("RuntimeDirectoryPreserve=yes", because);
    file
}

/// The drop-in of the machine's server. `highest`: the highest database number in use.
pub fn shared(facts: &Facts, users: &str, highest: u64, because: &Place) -> Artifact {
    let mut file = begin(&facts.unit, "the cache of the machine's services", because);
    let databases = if highest < DATABASES { String::new() } else { format!(" --databases {MORE_DATABASES}") };
    // An empty `ExecStart=` takes away the unit's own. Everybody may connect, and nobody is anybody without a password: access by
    // group would have services in the server's, which can read and replace its files.
    file.line("ExecStart=", because);
    file.line(
        format!(
            "ExecStart={} {} --supervised systemd --daemonize no --unixsocket {} --unixsocketperm 777 --aclfile {users}{databases}",
            facts.program,
            facts.configuration,
            socket(&facts.socket_directory),
        ),
        because,
    );
    file
}

/// What a service's own server is called, and where it is.
#[derive(Debug)]
pub struct Dedicated {
    /// Its unit, an instance of the template.
    pub unit: String,
    /// Its configuration.
    pub configuration: String,
    /// The directory of its socket.
    pub socket_directory: String,
    /// Its ACL file.
    pub users: String,
}

impl Dedicated {
    /// The server of a service.
    pub fn of(service: &str, facts: &Facts) -> Self {
        Self {
            unit: facts.template.replacen('@', &format!("@{service}"), 1),
            configuration: format!("/etc/rick/valkey/{service}.conf"),
            socket_directory: format!("{}-{service}", facts.socket_directory),
            users: format!("/etc/rick/valkey/{service}.acl"),
        }
    }

    /// Its drop-in.
    pub fn drop_in(&self, service: &str, facts: &Facts, because: &Place) -> Artifact {
        let mut file = begin(&self.unit, &format!("the cache of the service {service}"), because);
        file.line("ExecStart=", because);
        file.line(format!("ExecStart={} {} --supervised systemd --daemonize no", facts.program, self.configuration), because);
        file
    }

    /// Its configuration: no port, a socket, and files beside the other servers'.
    pub fn file(&self, service: &str, group: &str, because: &Place) -> Artifact {
        let mut file = Artifact::new(&self.configuration).mode(0o640).owner("root", group);
        file.line(format!("# the service {service}; written by rick, change its manifest instead"), because);
        let lines = [
            "port 0".to_owned(),
            format!("unixsocket {}", socket(&self.socket_directory)),
            "unixsocketperm 777".to_owned(),
            format!("aclfile {}", self.users),
            format!("pidfile {}/valkey-server.pid", self.socket_directory),
            "dir /var/lib/valkey".to_owned(),
            format!("dbfilename {service}.rdb"),
        ];
        for line in lines {
            file.line(line, because);
        }
        file
    }
}
