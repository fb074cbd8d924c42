//! The parts of a service: one container each.

use rick_plugin_sdk::{Identity, Place, Read, ServiceCall, service, table};

use crate::Quadlet;
use crate::table::Fields;

/// The part that `[quadlet]` itself describes.
pub const MAIN: &str = "app";

/// One container of a service.
#[derive(Debug)]
pub struct Part<'a> {
    /// Its name.
    pub name: &'a str,
    /// It runs the service's own image.
    pub own: bool,
    /// Its image.
    pub image: &'a str,
    /// Where the image is said.
    pub image_place: Place,
    /// Whom the image runs as, and where that is said.
    pub user: Option<(Identity, Place)>,
    /// What the manifest says of it.
    pub fields: &'a Fields,
    /// The name of its unit and of its container.
    pub unit: String,
    /// Where its fields are in the table.
    pub steps: Vec<&'a str>,
}

impl Part<'_> {
    /// A place in what the manifest says of it.
    pub fn at(&self, steps: &[&str]) -> Place {
        let all: Vec<&str> = self.steps.iter().copied().chain(steps.iter().copied()).collect();
        table(&all)
    }

    /// Whether something said for `part`, or in general, is for this one.
    pub fn is_meant(&self, part: Option<&str>) -> bool {
        part.map_or(self.own, |part| part == self.name)
    }

    /// What of a slot is for this part, by key; what was said for it alone beats what was said in general.
    pub fn of<V: Clone>(&self, reads: &[Read<V>]) -> Vec<Read<V>> {
        let mut found: Vec<Read<V>> = Vec::new();
        for read in reads.iter().filter(|read| self.is_meant(read.part.as_deref())) {
            match found.iter_mut().find(|other| other.key == read.key) {
                Some(other) if read.part.is_some() => *other = read.clone(),
                Some(_) => {}
                None => found.push(read.clone()),
            }
        }
        found
    }
}

/// The parts of a service that have an image, the main part first. Empty where the service runs no container.
pub fn parts_of(call: &ServiceCall<Quadlet>) -> Vec<Part<'_>> {
    let name = &call.service.name;
    let own_user = call.service.user.map(|user| (user, service(&["user"])));
    let mut parts = Vec::new();
    if let Some(image) = &call.service.image {
        parts.push(Part {
            name: MAIN,
            own: true,
            image,
            image_place: service(&["image"]),
            user: own_user.clone(),
            fields: &call.table.main,
            unit: name.clone(),
            steps: Vec::new(),
        });
    }
    for (part, container) in &call.table.containers {
        let (image, image_place, own) = match (&container.image, &call.service.image) {
            (Some(image), _) => (image, table(&["containers", part, "image"]), false),
            (None, Some(image)) => (image, service(&["image"]), true),
            (None, None) => continue,
        };
        let user = match &container.user {
            Some(user) => Some((user.identity(), table(&["containers", part, "user"]))),
            None => own_user.clone().filter(|_| own),
        };
        let unit = format!("{name}-{part}");
        parts.push(Part {
            name: part,
            own,
            image,
            image_place,
            user,
            fields: &container.fields,
            unit,
            steps: vec!["containers", part],
        });
    }
    parts
}
