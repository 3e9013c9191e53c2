//! S117 to S119: mounts that are not what they look like.

use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::{Draft, Set, Subject};
use crate::record::Level;

use crate::compose::project::ServiceVolume;
use crate::lint::Location;
use crate::lint::rules::place;

pub(super) const LETTER: Rule = Rule {
    id: "S117",
    name: "single-letter-volume",
    level: Level::Error,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "no volume has a name of one letter, which reads as a drive of Windows",
    needs: &[],
    page: page!("S117"),
    check: Check::Set(single_letter),
};
pub(super) const RELATIVE: Rule = Rule {
    id: "S118",
    name: "relative-bind",
    level: Level::Error,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "no service mounts a path relative to the compose file",
    needs: &[],
    page: page!("S118"),
    check: Check::Set(relative),
};
pub(super) const ANONYMOUS: Rule = Rule {
    id: "S119",
    name: "anonymous-volume",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "every volume has a name",
    needs: &[],
    page: page!("S119"),
    check: Check::Set(anonymous),
};

fn single_letter(_subject: &Subject, set: &Set) -> Vec<Draft> {
    of_all(
        set,
        |mount| {
            let drive =
                mount.target.get(1..3) == Some(":/") && mount.target.starts_with(|c: char| c.is_ascii_alphabetic());
            drive.then(|| mount.target.get(..1).unwrap_or_default().to_owned())
        },
        |service, mount, letter| {
            Draft::new(format!(
            "the service `{service}` does not mount the volume `{letter}`: the loader reads `{}` as a path on a drive of Windows",
            mount.target
        ))
        .help("give the volume a name of two letters or more, or write the mount in its long form")
        },
    )
}

fn relative(_subject: &Subject, set: &Set) -> Vec<Draft> {
    of_all(
        set,
        |mount| (mount.kind == "bind" && is_relative(&mount.source)).then(|| mount.source.clone()),
        |service, _, source| {
            Draft::new(format!("the service `{service}` mounts `{source}`, which lies beside the compose file and on no node of the swarm"))
            .help("deliver files with `configs:`, and keep data in a volume")
        },
    )
}

fn anonymous(_subject: &Subject, set: &Set) -> Vec<Draft> {
    of_all(
        set,
        |mount| {
            let volume = matches!(mount.kind.as_str(), "" | "volume")
                && mount.source.is_empty()
                && mount.target.starts_with('/');
            volume.then(|| mount.target.clone())
        },
        |service, _, target| {
            Draft::new(format!(
                "what the service `{service}` writes to `{target}` is lost with every update: the volume has no name"
            ))
            .help("name a volume, or write `type: tmpfs` if nothing is to be kept")
        },
    )
}

/// A finding for every mount that `fault` finds something in.
fn of_all(
    set: &Set,
    fault: impl Fn(&ServiceVolume) -> Option<String>,
    draft: impl Fn(&str, &ServiceVolume, &str) -> Draft,
) -> Vec<Draft> {
    let mounts =
        set.project().services().flat_map(|(name, service)| service.volumes.iter().map(move |mount| (name, mount)));
    mounts
        .filter_map(|(name, mount)| Some((name, mount, fault(mount)?)))
        .map(|(name, mount, found)| draft(name, mount, &found).at(mount_at(set, name, mount), ""))
        .collect()
}

/// The item of `volumes:` with this target.
fn mount_at(set: &Set, service: &str, mount: &ServiceVolume) -> Location {
    let items = set.items(&["services", service, "volumes"]);
    let found = items.into_iter().rev().find(|(_, node)| match (node.as_map(), node.as_text()) {
        (Some(map), _) => map.get("target").and_then(|target| target.as_text()) == Some(&mount.target),
        (None, Some(text)) => {
            text.split_once(mount.target.as_str()).is_some_and(|(_, rest)| rest.is_empty() || rest.starts_with(':'))
        }
        (None, None) => false,
    });
    found.map_or_else(|| place::key(set, &["services", service, "volumes"]), |(at, _)| at)
}

/// Whether the loader takes a path from the folder of the compose file: neither from the root, nor a home, nor a drive or share of Windows.
fn is_relative(source: &str) -> bool {
    let windows = source.starts_with(r"\\") || source.get(1..3).is_some_and(|rest| rest == r":\" || rest == ":/");
    !source.is_empty() && !source.starts_with(['/', '~']) && !windows
}
