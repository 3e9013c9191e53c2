//! Upgrades by their ends: `upgrade:1.0.0+1.2→2.0.0+2.0@default`.

use crate::recipe::{Version, natural_order};

/// The release that an upgrade starts from, and what it leads to; `None` when the step's identifier does not say.
pub fn hop(id: &str) -> Option<(&str, &str)> {
    let path = id.strip_prefix("upgrade:")?;
    let path = path.rsplit_once('@').map_or(path, |(path, _)| path);
    path.split_once('→')
}

/// Of several upgrades those that start from the newest release: the way that operators take.
pub(super) fn newest_hop<'s, S>(steps: &[&'s S], id: impl Fn(&S) -> &str) -> Vec<&'s S> {
    let from = |step: &S| hop(id(step)).map(|(from, _)| from.to_owned());
    let order = |a: &String, b: &String| match (Version::parse(a), Version::parse(b)) {
        (Ok(a), Ok(b)) => a.cmp(&b),
        _ => natural_order(a, b),
    };
    let newest = steps.iter().filter_map(|step| from(step)).max_by(order);
    // A step without ends, such as one that was skipped because there is no release, is of the newest.
    steps.iter().filter(|step| from(step).is_none_or(|from| Some(&from) == newest.as_ref())).copied().collect()
}
