//! What a policy can be about.

/// A kind of thing in the model. Each has a name that policies use, and a list in the model that it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A service.
    Service,
    /// A machine.
    Machine,
    /// An image that a service runs.
    Image,
    /// What a part of a service sees of the machine.
    Mount,
    /// A port of the machine on which a service answers.
    Port,
    /// What a service keeps.
    Volume,
    /// A database of a service.
    Database,
    /// A name by which browsers reach a service.
    Site,
    /// A secret that a service needs.
    Secret,
    /// A Quadlet file.
    Unit,
    /// A file that a build writes.
    Artifact,
    /// What a plugin said to a slot.
    Contribution,
    /// All of it, once.
    Deployment,
}

impl Kind {
    /// All, in the order in which they are told.
    pub const ALL: [Kind; 13] = [
        Kind::Service,
        Kind::Machine,
        Kind::Image,
        Kind::Mount,
        Kind::Port,
        Kind::Volume,
        Kind::Database,
        Kind::Site,
        Kind::Secret,
        Kind::Unit,
        Kind::Artifact,
        Kind::Contribution,
        Kind::Deployment,
    ];

    /// As policies say it, in `for` and in expressions.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Service => "service",
            Kind::Machine => "machine",
            Kind::Image => "image",
            Kind::Mount => "mount",
            Kind::Port => "port",
            Kind::Volume => "volume",
            Kind::Database => "database",
            Kind::Site => "site",
            Kind::Secret => "secret",
            Kind::Unit => "unit",
            Kind::Artifact => "artifact",
            Kind::Contribution => "contribution",
            Kind::Deployment => "deployment",
        }
    }

    /// The one of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The list of the model, or of each service in it, that has those of this kind.
    pub fn list(self) -> &'static str {
        match self {
            Kind::Service => "services",
            Kind::Machine => "machines",
            Kind::Image => "images",
            Kind::Mount => "mounts",
            Kind::Port => "ports",
            Kind::Volume => "volumes",
            Kind::Database => "databases",
            Kind::Site => "sites",
            Kind::Secret => "secrets",
            Kind::Unit => "units",
            Kind::Artifact => "artifacts",
            Kind::Contribution => "contributions",
            Kind::Deployment => "",
        }
    }

    /// Whether each of them is in the list of a service.
    pub fn is_of_service(self) -> bool {
        !matches!(self, Kind::Service | Kind::Machine | Kind::Artifact | Kind::Contribution | Kind::Deployment)
    }

    /// The member that names one of them in a message about several.
    pub fn label(self) -> &'static str {
        match self {
            Kind::Service | Kind::Machine | Kind::Volume | Kind::Secret | Kind::Unit => "name",
            Kind::Image => "reference",
            Kind::Mount => "source",
            Kind::Port => "number",
            Kind::Database => "database",
            Kind::Site => "domain",
            Kind::Artifact => "path",
            Kind::Contribution => "key",
            Kind::Deployment => "version",
        }
    }
}
