//! M601, M602, M605, M607 and M608: what the README claims, and what the compose files say.

use super::block::{field, value, yes};
use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::{Draft, ImageReference, Subject};
use crate::recipe::Metadata;
use crate::record::{Edit, Fix, Level, Safety};

pub(super) const HEALTHCHECK: Rule = Rule {
    id: "M601",
    name: "healthcheck-claim",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::Unsafe,
    confidence: Confidence::Likely,
    summary: "Healthcheck in the metadata is what app has",
    needs: &[],
    page: page!("M601"),
    check: Check::Recipe(healthcheck),
};

pub(super) const BACKUPS: Rule = Rule {
    id: "M602",
    name: "backups-claim",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::Unsafe,
    confidence: Confidence::Certain,
    summary: "Backups in the metadata is what the labels say",
    needs: &[],
    page: page!("M602"),
    check: Check::Recipe(backups),
};

pub(super) const IMAGE: Rule = Rule {
    id: "M605",
    name: "image-claim",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Likely,
    summary: "Image in the metadata names an image of the recipe, and its rating",
    needs: &[],
    page: page!("M605"),
    check: Check::Recipe(image),
};

pub(super) const STATUS: Rule = Rule {
    id: "M607",
    name: "status-claim",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "Status in the metadata fits the other fields",
    needs: &[],
    page: page!("M607"),
    check: Check::Recipe(status),
};

pub(super) const FEATURES: Rule = Rule {
    id: "M608",
    name: "feature-claim",
    level: Level::Info,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Heuristic,
    summary: "Email and SSO in the metadata leave a trace in the files",
    needs: &[],
    page: page!("M608"),
    check: Check::Recipe(features),
};

/// Says that a field of yes and no is wrong, and offers the other word.
fn wrong(subject: &Subject, name: &str, message: String, right: &str) -> Option<Draft> {
    let (entry, at) = field(subject, name)?;
    let fix = Fix {
        title: format!("say `{right}`"),
        safety: Safety::Unsafe,
        edits: vec![Edit {
            file: "README.md".to_owned(),
            start: entry.span.start,
            end: entry.span.end,
            replacement: right.to_owned(),
        }],
        changes: Vec::new(),
    };
    Some(
        Draft::new(message)
            .at(at, "")
            .help("scores are set by hand, and operators choose by them: correct the claim or the recipe")
            .fix(fix),
    )
}

fn healthcheck(subject: &Subject) -> Vec<Draft> {
    let Some(app) = subject.candidate.sampled().and_then(|set| set.project().services.get("app")) else {
        return Vec::new();
    };
    let Some(claim) = yes(value(subject, "Healthcheck")) else { return Vec::new() };
    let off = |check: &crate::compose::project::Healthcheck| {
        check.disable || check.test.first().is_some_and(|word| word == "NONE")
    };
    let found = match &app.healthcheck {
        None => "has none",
        Some(check) if off(check) => "switches it off",
        Some(_) => "has one",
    };
    if claim == (found == "has one") {
        return Vec::new();
    }
    let said = if claim { "Yes" } else { "No" };
    let right = if claim { "No" } else { "Yes" };
    wrong(subject, "Healthcheck", format!("`Healthcheck` says {said}, and the service `app` {found}"), right)
        .into_iter()
        .collect()
}

fn backups(subject: &Subject) -> Vec<Draft> {
    let Some(claim) = yes(value(subject, "Backups")) else { return Vec::new() };
    let facts = &subject.candidate;
    let mut labels =
        facts.sets.iter().flat_map(|set| set.project().services()).flat_map(|(_, service)| &service.deploy.labels);
    let on = labels.any(|(key, value)| key == "backupbot.backup" && value != "false");
    if facts.sets.is_empty() || claim == on {
        return Vec::new();
    }
    let draft = match claim {
        true => wrong(
            subject,
            "Backups",
            "`Backups` says Yes, and no service has the deploy label `backupbot.backup`".to_owned(),
            "No",
        ),
        false => wrong(
            subject,
            "Backups",
            "`Backups` says No, and the deploy label `backupbot.backup` switches them on".to_owned(),
            "Yes",
        ),
    };
    draft.into_iter().collect()
}

fn image(subject: &Subject) -> Vec<Draft> {
    let facts = &subject.candidate;
    let image = facts.recipe.readme.as_ref().and_then(|readme| readme.metadata.as_ref()).and_then(Metadata::image);
    let (Some(image), Some((_, at))) = (image, field(subject, "Image")) else { return Vec::new() };
    let mut drafts = Vec::new();
    if !matches!(image.rating.as_str(), "1" | "2" | "3" | "4") {
        drafts.push(
            Draft::new(format!("the rating of `Image` is `{}`, and must be a number from 1 to 4", image.rating))
                .at(at.clone(), "")
                .help("4 official, 3 semi-official, 2 third-party, 1 own"),
        );
    }
    let services = facts.sets.iter().flat_map(|set| set.project().services());
    let used: Vec<ImageReference<'_>> = services.map(|(_, service)| ImageReference::parse(&service.image)).collect();
    let named = ImageReference::parse(&image.name);
    if !used.is_empty() && !used.iter().any(|other| other.short_name() == named.short_name()) {
        let app = facts.sampled().and_then(|set| set.project().services.get("app"));
        let mut draft = Draft::new(format!("`Image` names `{}`, which no service uses", image.name)).at(at, "");
        if let Some(set) = facts.sampled()
            && let Some(found) = set.last(&["services", "app", "image"])
        {
            draft = draft.at(found.value, "the image of `app`");
        }
        drafts.push(draft.did_you_mean(app.map(|app| format!("`{}`", ImageReference::parse(&app.image).name))));
    }
    drafts
}

/// The scale of recipe-format.md §1.3. A lower claim than the fields allow is modesty.
fn status(subject: &Subject) -> Vec<Draft> {
    let Some(metadata) = subject.candidate.recipe.readme.as_ref().and_then(|readme| readme.metadata.as_ref()) else {
        return Vec::new();
    };
    let claimed = metadata.status();
    let Some((_, at)) = field(subject, "Status") else { return Vec::new() };
    let nothing = |name: &str| {
        let value = metadata.value(name).to_lowercase();
        value.is_empty() || value.starts_with(['0', '?']) || yes(&value) == Some(false)
    };
    // What cannot be read is told by R007.
    let Some(image) = metadata.image() else { return Vec::new() };
    let upstream = image.source.to_lowercase().contains("upstream");
    let mut missing: Vec<&str> =
        ["Backups", "Email", "Healthcheck", "Tests"].into_iter().filter(|name| nothing(name)).collect();
    if !upstream {
        missing.push("an upstream image");
    }
    let sso = !nothing("SSO") && !metadata.value("SSO").to_lowercase().starts_with("n/a");
    let most = match missing.len() {
        0 if sso => 5,
        0 => {
            missing.push("SSO");
            4
        }
        _ if !upstream => 2,
        1 | 2 => 3,
        _ => 2,
    };
    if claimed <= most {
        return Vec::new();
    }
    vec![
        Draft::new(format!("`Status` is {claimed}, and the other fields allow {most} at most (missing: {})", missing.join(", ")))
            .at(at, "")
            .help("5: everything and SSO; 4: upstream image, backups, email, healthcheck, tests; 3: one or two of these are missing; 2: more, or no upstream image"),
    ]
}

fn features(subject: &Subject) -> Vec<Draft> {
    let traces: [(&str, &[&str]); 2] = [
        ("Email", &["mail", "smtp"]),
        ("SSO", &["oidc", "oauth", "openid", "saml", "ldap", "sso", "keycloak", "authentik", "authelia"]),
    ];
    let mut drafts = Vec::new();
    for (name, words) in traces {
        let Some((entry, at)) = field(subject, name) else { continue };
        if !(entry.value.starts_with(['2', '3']) || yes(&entry.value) == Some(true)) {
            continue;
        }
        let tree = &subject.candidate.recipe.tree;
        let mut files = tree.iter().filter(|(path, file)| *path != "README.md" && file.bytes.len() < 256 * 1024);
        let traced = files.any(|(_, file)| {
            let text = String::from_utf8_lossy(&file.bytes).to_lowercase();
            words.iter().any(|word| text.contains(word))
        });
        if !traced {
            drafts.push(
                Draft::new(format!("`{name}` says {}, and no file of the recipe has to do with it", entry.value))
                    .at(at, "")
                    .help("3 automatic, 2 mostly, 1 by hand, 0 not at all"),
            );
        }
    }
    drafts
}
