//! `<service>-<volume>.volume`: a named volume of the service's user.
//!
//! A change of it does nothing where the volume is there already, and rick never makes one anew: that would lose what is in it.

use rick_plugin_sdk::Version;

use super::Context;
use crate::keys::FileType;
use crate::unit::Unit;
use crate::volumes::Named;

/// The volume.
pub fn render(context: &Context<'_>, volume: &Named) -> Unit {
    let mut unit = context.unit(FileType::Volume, &volume.unit);
    let description = format!("{} (volume)", volume.unit);
    unit.systemd("Unit", "Description", description, &volume.because);
    if context.podman >= Version(4, 7, 0) {
        unit.put("VolumeName", volume.store_name.as_str(), &volume.because);
    } else {
        // The generator wants the section even where it has nothing to say in it, and the label harms nobody.
        unit.put("Label", format!("rick.service={}", context.name()), &volume.because);
    }
    unit
}
