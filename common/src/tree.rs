//! What `GET /models` answers: the variants of a function as a tree, those of one family under a node.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::catalogue::Catalogue;
use crate::error::{Error, Kind, Result};
use crate::knobs::knobs;
use crate::manifest::Manifest;

/// The variants of each family by its name; one that stands alone makes none.
fn families(catalogue: &Catalogue) -> BTreeMap<&str, Vec<&Manifest>> {
    let mut families: BTreeMap<&str, Vec<&Manifest>> = BTreeMap::new();
    for manifest in catalogue.all() {
        if let Some(family) = &manifest.family {
            families.entry(&family.name).or_default().push(manifest);
        }
    }
    families.retain(|_, members| members.len() > 1);
    families
}

/// The tree of a function.
pub(crate) fn tree(catalogue: &Catalogue, name: &str, title: &str, summary: &str) -> Value {
    let families = families(catalogue);
    let alone = |manifest: &&Manifest| !manifest.family.as_ref().is_some_and(|one| families.contains_key(&*one.name));
    let leaves = catalogue.all().filter(alone).map(|manifest| (&*manifest.variant, leaf(catalogue, manifest)));
    let nodes = families.iter().map(|(name, members)| (*name, node(catalogue, name, members)));
    let children: BTreeMap<_, _> = leaves.chain(nodes).collect();
    let children: Vec<_> = children.into_values().collect();
    json!({"name": name, "title": title, "description": summary, "default": catalogue.default_name(), "children": children})
}

/// What has an address below `models/`: variants and families.
pub(crate) fn names(catalogue: &Catalogue) -> Vec<&str> {
    catalogue.all().map(|manifest| &*manifest.variant).chain(families(catalogue).into_keys()).collect()
}

/// What stands there: a family's node of the tree; of a variant its manifest, its card's text, and what is served of it here.
pub(crate) fn one(catalogue: &Catalogue, name: &str) -> Result<Value> {
    if let Some(members) = families(catalogue).get(name) {
        return Ok(node(catalogue, name, members));
    }
    let (manifest, text) = catalogue.card(name).map_err(|wrong| Error::new(Kind::NotFound, wrong.message()))?;
    let mut card = json!(manifest);
    card["card"] = json!(text);
    card["knobs"] = json!(knobs(manifest));
    card["serves"] = json!({"precision": catalogue.precision(manifest), "provider": catalogue.provider()});
    Ok(card)
}

fn node(catalogue: &Catalogue, name: &str, members: &[&Manifest]) -> Value {
    let title = members[0].family.as_ref().map(|family| &family.title);
    let paper = members[0].paper.as_ref().filter(|paper| members.iter().all(|one| one.paper.as_ref() == Some(*paper)));
    let after = paper.map_or(String::new(), |paper| format!(" after {paper}"));
    let children: Vec<_> = members.iter().map(|manifest| leaf(catalogue, manifest)).collect();
    json!({
        "name": name, "type": "family", "title": title, "description": format!("{} networks{after}", members.len()),
        "path": format!("models/{name}"), "children": children,
    })
}

fn leaf(catalogue: &Catalogue, manifest: &Manifest) -> Value {
    json!({
        "name": manifest.variant, "type": manifest.task, "title": manifest.title, "description": manifest.summary,
        "path": format!("models/{}", manifest.variant), "status": manifest.status, "reason": manifest.reason,
        "licence": manifest.licence, "terms": manifest.terms, "paper": manifest.paper, "scale": manifest.picture.scale,
        "knobs": knobs(manifest), "styles": manifest.styles, "quality": manifest.quality, "speed": manifest.speed,
        "serves": catalogue.precision(manifest), "children": [],
    })
}
