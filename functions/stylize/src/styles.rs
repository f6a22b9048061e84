//! Which network has the styles that a request names.

use common::{Catalogue, Choice, Knob, Manifest, Result};

/// The variant that a request names; else the default, or, where that lacks one of the styles asked for, the first that has
/// them all.
pub fn variant(choice: &Choice<'_>, catalogue: &Catalogue) -> Result<String> {
    let default = catalogue.default_name();
    let chosen = match (choice.named, choice.knob("style")) {
        (Some(named), _) => named,
        (None, Some(mix)) if !has(catalogue.manifest(default)?, mix) => {
            catalogue.manifests().find(|other| has(other, mix)).map_or(default, |other| &other.variant)
        }
        _ => default,
    };
    Ok(chosen.to_owned())
}

/// Whether a network knows every style of a mix (`a` or `a:0.6,b:0.4`).
fn has(manifest: &Manifest, mix: &str) -> bool {
    let Some(Knob::Mix { names, .. }) = manifest.knobs.get("style") else { return false };
    let style = |part: &str| part.split(':').next().unwrap_or_default().trim().to_owned();
    mix.split(',').all(|part| names.contains(&style(part)))
}
