//! V510 and V511: images that an upgrade cannot simply replace.

use super::compare::{has_note, operators_act, pairs, push};
use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::{Draft, Facts, ImageReference, SemverLike, Set, Subject};
use crate::record::Level;

pub(super) const DATABASE: Rule = Rule {
    id: "V510",
    name: "database-major-jump",
    level: Level::Error,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "a database that cannot read its old files says so in a release note",
    needs: &[],
    page: page!("V510"),
    check: Check::Upgrade(database),
};

pub(super) const DOWNGRADED: Rule = Rule {
    id: "V511",
    name: "image-downgraded",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Likely,
    summary: "no image is older than in the last release",
    needs: &[],
    page: page!("V511"),
    check: Check::Upgrade(downgraded),
};

/// An image of both.
struct Change<'s> {
    service: &'s str,
    new: &'s str,
    old: &'s str,
    sets: (&'s Set, &'s Set),
}

impl Change<'_> {
    fn draft(&self, message: String, label: &str) -> Option<Draft> {
        let at = |set: &Set| set.last(&["services", self.service, "image"]).map(|found| found.value);
        Some(Draft::new(message).at(at(self.sets.0)?, label).at(at(self.sets.1)?, "as it was released"))
    }
}

fn changes<'f>(subject: &'f Subject, previous: &'f Facts) -> Vec<Change<'f>> {
    let mut changes = Vec::new();
    for sets in pairs(subject, previous) {
        for (service, now) in sets.0.project().services() {
            let Some(then) = sets.1.project().services.get(service) else { continue };
            if now.image != then.image {
                changes.push(Change { service, new: &now.image, old: &then.image, sets });
            }
        }
    }
    changes
}

/// The major number of a database image, and how many steps an upgrade may take at once. PostgreSQL reads no files of another major
/// number (its manual, «Upgrading a PostgreSQL Cluster»); MySQL and MongoDB refuse to skip one.
fn database(subject: &Subject, previous: &Facts) -> Vec<Draft> {
    let mut drafts = Vec::new();
    if operators_act(subject, previous) && has_note(subject) {
        return drafts;
    }
    for change in changes(subject, previous) {
        let (Some((kind, now)), Some((was, then))) = (major(change.new), major(change.old)) else { continue };
        let why = match kind {
            _ if kind != was => continue,
            Kind::Postgres if now != then => format!("PostgreSQL {now} does not start on files of PostgreSQL {then}"),
            Kind::Mongo if now > then + 1 => {
                format!("MongoDB {now} does not start on files of MongoDB {then}: no major number may be skipped")
            }
            Kind::Mysql if then < 8 && now > 8 => {
                format!("MySQL {now} does not start on files of MySQL {then}: no series may be skipped")
            }
            _ => continue,
        };
        let message =
            format!("the service `{}` changes from `{}` to `{}`, and {why}", change.service, change.old, change.new);
        if let Some(draft) = change.draft(message, "") {
            let help = "tell operators in a release note how to dump and restore, and raise the major number of the version; or keep the old major";
            push(&mut drafts, draft.help(help));
        }
    }
    drafts
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Postgres,
    Mongo,
    Mysql,
}

fn major(image: &str) -> Option<(Kind, u64)> {
    let reference = ImageReference::parse(image);
    let tag = reference.tag?;
    let first = || SemverLike::parse(tag).and_then(|tag| tag.numbers.first().copied());
    match reference.short_name() {
        "postgres" | "postgis" | "postgresql" => Some((Kind::Postgres, first()?)),
        "pgvector" | "timescaledb" | "timescaledb-ha" => {
            let (_, after) = tag.rsplit_once("pg")?;
            let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
            Some((Kind::Postgres, digits.parse().ok()?))
        }
        "mongo" | "mongodb" => Some((Kind::Mongo, first()?)),
        "mysql" => Some((Kind::Mysql, first()?)),
        _ => None,
    }
}

fn downgraded(subject: &Subject, previous: &Facts) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for change in changes(subject, previous) {
        let (new, old) = (ImageReference::parse(change.new), ImageReference::parse(change.old));
        let tags = new.tag.and_then(SemverLike::parse).zip(old.tag.and_then(SemverLike::parse));
        let Some((now, then)) = tags.filter(|_| new.name == old.name) else { continue };
        let comparable = now.suffix == then.suffix && now.numbers.len() == then.numbers.len();
        let told = major(change.new)
            .zip(major(change.old))
            .is_some_and(|((kind, now), (_, then))| kind == Kind::Postgres && now != then);
        if !comparable || now.numbers >= then.numbers || told {
            continue;
        }
        let message = format!("the service `{}` goes back from `{}` to `{}`", change.service, change.old, change.new);
        if let Some(draft) = change.draft(message, "older than what operators run") {
            push(&mut drafts, draft.help("data that the newer one migrated may be unreadable for the older one"));
        }
    }
    drafts
}
