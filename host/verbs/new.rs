//! `rick new SERVICE`

use std::fs;

use crate::cli::{Failed, Outcome, Ui};
use crate::diagnostic::Sink;
use crate::error::Error;
use crate::project;
use crate::write::{READABLE, replace};

/// Writes a manifest for a new service, to be changed to what the service is.
#[derive(Debug, clap::Args)]
pub struct New {
    /// The service's name: lower case letters, digits and hyphens.
    service: String,
    /// Its image, with registry and tag.
    #[arg(long, default_value = "ghcr.io/example/SERVICE:1.0.0")]
    image: String,
    /// The port that it listens on for HTTP, inside.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The public name that it is reached by: gives it a site.
    #[arg(long)]
    domain: Option<String>,
    /// Gives it a database.
    #[arg(long)]
    postgres: bool,
    /// Gives it a cache.
    #[arg(long)]
    valkey: bool,
    /// Has people sign on before they reach it; needs `--domain`.
    #[arg(long, requires = "domain")]
    sign_on: bool,
}

impl New {
    /// Carries it out.
    pub fn run(self, ui: &mut Ui) -> Result<Outcome, Failed> {
        let name = &self.service;
        if !project::is_service_name(name) {
            let message = format!("`{name}` cannot be a service's name: {}", project::SERVICE_NAME);
            return Err(Error::Usage(message).into());
        }
        let image = self.image.replace("SERVICE", name);
        if self.domain.as_ref().is_some_and(|domain| domain.is_empty() || domain.contains(['"', '\\', '\n', ' ', '/'])) {
            return Err(Error::Usage("`--domain` takes a name such as myservice.example.org".to_owned()).into());
        }
        if image.contains(['"', '\\', '\n', ' ']) {
            return Err(Error::Usage(format!("`{image}` cannot be an image")).into());
        }
        let root = project::find(&ui.global.project)?;
        let folder = root.join(project::open(root.clone(), &mut Sink::default())?.services_folder());
        fs::create_dir_all(&folder).map_err(Error::file("make", &folder))?;
        let path = folder.join(format!("{name}.toml"));
        if path.exists() {
            return Err(Error::Usage(format!("`{path}` is there already")).into());
        }
        let mut text = format!(
            "#:schema ../.rick/manifest.schema.json\n\n\
             [service]\nimage = \"{image}\"\n# Whom the image runs as, as a number; without it: as the service's own user, whoever that is inside.\n# user = 1000\nport = {}\n",
            self.port
        );
        if let Some(domain) = &self.domain {
            text.push_str(&format!("domain = \"{domain}\"\n"));
        }
        if self.postgres {
            text.push_str("\n# A database and a role of the service's name, by peer over the socket: no password.\n[postgres]\n");
        }
        if self.valkey {
            text.push_str(
                "\n# A user of the service's name, who reaches the keys that begin with it. `client` is the library that reads the URL.\n\
                 [valkey]\n# client = \"redis-py\"\n",
            );
        }
        if self.sign_on {
            text.push_str(&format!(
                "\n# Members of the group `{}_users` may enter, and the service learns by headers who they are.\n\
                 [authentik]\npattern = \"forward-auth\"\n",
                name.replace('-', "_")
            ));
        }
        if self.domain.is_some() {
            text.push_str("\n[caddy]\n");
            if self.sign_on {
                text.push_str("# public = [\"/health\"]    # needs no sign-on\n");
            }
        }
        text.push_str(
            "\n[quadlet]\nvolumes = [\"data:/data\"]\n\n[quadlet.env]\n# LOG_LEVEL = \"info\"\n# SECRET_KEY = { secret = \"",
        );
        text.push_str(&format!("{}_secret_key\" }}\n", name.replace('-', "_")));
        replace(&path, text.as_bytes(), READABLE).map_err(Error::file("write", &path))?;
        if !ui.global.quiet {
            writeln!(ui.err, "wrote `{path}`; change it to what the service is, then: rick build")?;
        }
        Ok(Outcome::Clean)
    }
}
