//! OCI registries: where plugins are published and taken from. Only `rick plugin add`, `update`, `fetch`, `inspect` and `push` come here;
//! everything else works offline.
//!
//! A plugin is an artifact of one layer, as CNCF's Wasm working group has it: <https://tag-runtime.cncf.io/wgs/wasm/deliverables/wasm-oci-artifact/>.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use docker_credential::{CredentialRetrievalError, DockerCredential};
use oci_client::client::{ClientConfig, ClientProtocol, Config, ImageLayer};
use oci_client::manifest::{OciImageManifest, WASM_LAYER_MEDIA_TYPE};
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference};
use serde_json::json;

use crate::engine;
use crate::error::Error;
use crate::plugin::limits::COMPONENT;

/// What a reference to a registry begins with.
pub const SCHEME: &str = "oci://";
/// Media types of a layer that is a component: the one of the working group, and the one before it.
const LAYERS: [&str; 2] = ["application/wasm", WASM_LAYER_MEDIA_TYPE];
/// Media type of the configuration beside it.
const CONFIG: &str = "application/vnd.wasm.config.v0+json";

/// A component that was taken from a registry.
pub struct Pulled {
    /// The component.
    pub bytes: Vec<u8>,
    /// Where it is from, by digest: `oci://registry/name:tag@sha256:…`.
    pub source: String,
}

/// Takes a plugin from a registry. `source` is `oci://registry/name:tag`, or with a digest, which is then what is taken.
pub fn pull(source: &str) -> Result<Pulled, Error> {
    let refused = |reason: String| Error::Registry { reference: source.to_owned(), reason };
    let reference = parse(source)?;
    let client = client(&reference);
    let auth = credentials(&reference).map_err(refused)?;
    run(async {
        let said = |error: oci_client::errors::OciDistributionError| refused(error.to_string());
        let (manifest, digest) = client.pull_image_manifest(&reference, &auth).await.map_err(said)?;
        let layer = match manifest.layers.as_slice() {
            [layer] if LAYERS.contains(&layer.media_type.as_str()) => layer,
            layers => {
                let types: Vec<&str> = layers.iter().map(|layer| layer.media_type.as_str()).collect();
                return Err(refused(format!(
                    "it is no plugin: its layers are {}, and a plugin is one of {}",
                    types.join(", "),
                    LAYERS[0]
                )));
            }
        };
        if layer.size > COMPONENT as i64 {
            return Err(refused(format!("it has {} MiB, and a plugin at most {}", layer.size >> 20, COMPONENT >> 20)));
        }
        let mut bytes = Vec::new();
        client.pull_blob(&reference, layer, &mut bytes).await.map_err(said)?;
        // A tag may be moved; the digest is what was taken.
        let tag = reference.tag().map(|tag| format!(":{tag}")).unwrap_or_default();
        let source = format!("{SCHEME}{}/{}{tag}@{digest}", reference.registry(), reference.repository());
        Ok(Pulled { bytes, source })
    })
}

/// Publishes a component, and gives where it is by digest.
pub fn push(bytes: Vec<u8>, target: &str, title: &str, version: &str) -> Result<String, Error> {
    let refused = |reason: String| Error::Registry { reference: target.to_owned(), reason };
    let reference = parse(target)?;
    let client = client(&reference);
    let auth = credentials(&reference).map_err(refused)?;
    let digest = format!("sha256:{}", engine::digest(&bytes));
    // No clock: the same component gives the same artifact.
    let config = json!({
        "created": "1970-01-01T00:00:00Z", "architecture": "wasm", "os": "wasip2",
        "layerDigests": [digest], "component": { "exports": [], "imports": [] },
    });
    let config = Config::new(config.to_string().into_bytes(), CONFIG.to_owned(), None);
    let layers = [ImageLayer::new(bytes, LAYERS[0].to_owned(), None)];
    let annotations = BTreeMap::from([
        ("org.opencontainers.image.title".to_owned(), title.to_owned()),
        ("org.opencontainers.image.version".to_owned(), version.to_owned()),
    ]);
    let manifest = OciImageManifest::build(&layers, &config, Some(annotations));
    run(async {
        let said = |error: oci_client::errors::OciDistributionError| refused(error.to_string());
        client.push(&reference, &layers, config, &auth, Some(manifest)).await.map_err(said)?;
        let digest = client.fetch_manifest_digest(&reference, &auth).await.map_err(said)?;
        let tag = reference.tag().map(|tag| format!(":{tag}")).unwrap_or_default();
        Ok(format!("{SCHEME}{}/{}{tag}@{digest}", reference.registry(), reference.repository()))
    })
}

/// `oci://registry/name:tag` as a reference; Docker's rule that a name without a registry is on its own hub is not rick's.
fn parse(source: &str) -> Result<Reference, Error> {
    let refused = |reason: &str| Error::Registry { reference: source.to_owned(), reason: reason.to_owned() };
    let text = source.strip_prefix(SCHEME).unwrap_or(source);
    let registry = text.split('/').next().unwrap_or_default();
    if !registry.contains(['.', ':']) && registry != "localhost" {
        return Err(refused("it names no registry: oci://registry.example.org/name:tag"));
    }
    text.parse().map_err(|_| refused("it is no reference: oci://registry.example.org/name:tag"))
}

/// TLS everywhere but on the machine itself.
fn client(reference: &Reference) -> Client {
    let registry = reference.resolve_registry().to_owned();
    let host = registry.rsplit_once(':').map_or(registry.as_str(), |(host, _)| host);
    let here = host == "localhost" || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    let protocol = if here { ClientProtocol::HttpsExcept(vec![registry]) } else { ClientProtocol::Https };
    // Another may have set it already: then that one serves.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::new(ClientConfig {
        protocol,
        connect_timeout: Some(Duration::from_secs(20)),
        read_timeout: Some(Duration::from_secs(120)),
        ..ClientConfig::default()
    })
}

/// What `docker login` or `podman login --compat-auth-file` left for the registry.
fn credentials(reference: &Reference) -> Result<RegistryAuth, String> {
    match docker_credential::get_credential(reference.resolve_registry()) {
        Ok(DockerCredential::UsernamePassword(user, password)) => Ok(RegistryAuth::Basic(user, password)),
        Ok(DockerCredential::IdentityToken(_)) => {
            Err("the credentials for it are an identity token, which is not supported".to_owned())
        }
        Err(CredentialRetrievalError::ConfigNotFound | CredentialRetrievalError::NoCredentialConfigured) => {
            Ok(RegistryAuth::Anonymous)
        }
        // It says the same of a file that is not there, as on a machine where nobody has ever logged in.
        Err(_) if !has_credentials() => Ok(RegistryAuth::Anonymous),
        Err(error) => Err(format!("its credentials cannot be read: {error}")),
    }
}

/// Whether there is a file of credentials at all: <https://docs.docker.com/reference/cli/docker/#environment-variables>
fn has_credentials() -> bool {
    let folder = std::env::var_os("DOCKER_CONFIG").map(PathBuf::from);
    let folder = folder.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".docker")));
    folder.is_some_and(|folder| folder.join("config.json").exists())
}

fn run<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Error::Engine(error.to_string()))?.block_on(work)
}
