//! V505, V506 and V507: services, volumes and networks that are gone or have another name.

use std::collections::BTreeMap;

use super::compare::{operators_act, pairs, push};
use crate::compose::project::Project;
use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::{Draft, Facts, ImageReference, Set, Subject};
use crate::record::Level;

pub(super) const SERVICE: Rule = Rule {
    id: "V505",
    name: "service-dropped",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "services of the last release are still there under their names",
    needs: &[],
    page: page!("V505"),
    check: Check::Upgrade(services),
};

pub(super) const VOLUME: Rule = Rule {
    id: "V506",
    name: "volume-dropped",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "volumes of the last release are still there under their names",
    needs: &[],
    page: page!("V506"),
    check: Check::Upgrade(volumes),
};

pub(super) const NETWORK: Rule = Rule {
    id: "V507",
    name: "network-dropped",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "networks of the last release are still there under their names",
    needs: &[],
    page: page!("V507"),
    check: Check::Upgrade(networks),
};

fn services(subject: &Subject, previous: &Facts) -> Vec<Draft> {
    let renamed = |new: &Project, old: &Project, name: &str| {
        let image = |project: &Project, name: &str| {
            let image = &project.services.get(name)?.image;
            Some(ImageReference::parse(image).name.to_owned())
        };
        let fresh = new.services.keys().filter(|known| !old.services.contains_key(*known));
        let was = image(old, name);
        fresh.filter(|known| image(new, known) == was).map(String::to_owned).next()
    };
    let help = "`docker stack deploy` without `--prune` leaves the old one running beside the new: raise the major number, and tell operators";
    gone(subject, previous, "service", "services", help, |project| keys(&project.services), renamed)
}

fn volumes(subject: &Subject, previous: &Facts) -> Vec<Draft> {
    let renamed = |new: &Project, old: &Project, key: &str| {
        let mounts =
            old.services().flat_map(|(name, service)| service.volumes.iter().map(move |volume| (name, volume)));
        let mut mounts = mounts.filter(|(_, volume)| volume.source == key);
        mounts.find_map(|(name, mount)| {
            let now = new.services.get(name)?.volumes.iter().find(|volume| volume.target == mount.target)?;
            (now.source != key).then(|| now.source.clone())
        })
    };
    let help = "its data stays behind, and apps start with an empty one: keep the name, or raise the major number and tell operators how to move the data";
    let names = |project: &Project| {
        let named = project.volumes.iter().filter(|(_, volume)| !volume.external);
        named
            .map(|(key, volume)| (key.clone(), if volume.name.is_empty() { key.clone() } else { volume.name.clone() }))
            .collect()
    };
    gone(subject, previous, "volume", "volumes", help, names, renamed)
}

fn networks(subject: &Subject, previous: &Facts) -> Vec<Draft> {
    let names = |project: &Project| {
        let own = project.networks.iter().filter(|(_, network)| !network.external);
        own.map(|(key, network)| {
            (key.clone(), if network.name.is_empty() { key.clone() } else { network.name.clone() })
        })
        .collect()
    };
    let help = "other stacks may be attached to it, and the old one is left over: keep the name, or raise the major number and tell operators";
    gone(subject, previous, "network", "networks", help, names, |_, _, _| None)
}

fn keys<V>(map: &BTreeMap<String, V>) -> BTreeMap<String, String> {
    map.keys().map(|key| (key.clone(), key.clone())).collect()
}

/// What the release before had and the candidate has not: by the names that the swarm knows them under.
fn gone(
    subject: &Subject,
    previous: &Facts,
    what: &str,
    section: &str,
    help: &str,
    names: impl Fn(&Project) -> BTreeMap<String, String>,
    renamed: impl Fn(&Project, &Project, &str) -> Option<String>,
) -> Vec<Draft> {
    if operators_act(subject, previous) {
        return Vec::new();
    }
    let release = previous.release.as_deref().unwrap_or_default();
    let mut drafts = Vec::new();
    for (new, old) in pairs(subject, previous) {
        let now = names(new.project());
        for (key, name) in names(old.project()).iter().filter(|(_, name)| !now.values().any(|known| known == *name)) {
            let into =
                renamed(new.project(), old.project(), key).or_else(|| now.contains_key(key).then(|| key.clone()));
            let at = |set: &Set, key: &str| set.first(&[section, key]).map(|found| found.key);
            let place = into.as_ref().and_then(|into| at(new, into));
            let here =
                place.or_else(|| new.first(&[section]).map(|found| found.key)).unwrap_or_else(|| new.whole_file());
            let message = match &into {
                Some(into) => format!("the {what} `{name}` of {release} is `{}` now", now.get(into).unwrap_or(into)),
                None => format!("the {what} `{name}` of {release} is gone"),
            };
            let was = at(old, key).unwrap_or_else(|| old.whole_file());
            push(&mut drafts, Draft::new(message).at(here, "").at(was, "it was here").help(help));
        }
    }
    drafts
}
