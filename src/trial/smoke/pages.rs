//! Which pages are opened.

use std::collections::BTreeSet;

use super::judge::Wanted;
use crate::browser::{Patience, Step, Visit};
use crate::scenario::{Page, PageStep, Value};
use crate::trial::subject::Subject;
use crate::trial::trouble::Trouble;

/// A page to open, and what it must be like.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// For file names: its number, host and path.
    pub(super) name: String,
    /// What the browser does.
    pub(super) visit: Visit,
    /// What must come of it.
    pub(super) wanted: Wanted,
}

/// The pages that the scenario declares; without any the front page of every web router's host, where a path that `[ready]` names for
/// that host stands for its front page.
///
/// # Errors
/// When a declared page cannot be opened: it has no host, or a step uses a value that there is not.
pub(super) fn plans(subject: &Subject, secrets: &[String]) -> Result<Vec<Plan>, Trouble> {
    let mut plans = if subject.scenario.page.is_empty() {
        front_pages(subject)
    } else {
        let declared = subject.scenario.page.iter().enumerate();
        declared.map(|(index, page)| self::declared(subject, index + 1, page)).collect::<Result<_, _>>()?
    };
    for (index, plan) in plans.iter_mut().enumerate() {
        plan.name = name(index + 1, &plan.visit.url);
        plan.visit.secrets = secrets.to_vec();
    }
    Ok(plans)
}

fn front_pages(subject: &Subject) -> Vec<Plan> {
    let ready = subject.scenario.ready.as_ref();
    let ready_host = ready.and_then(|ready| ready.host.clone().or_else(|| first_host(subject)));
    let mut seen = BTreeSet::new();
    let mut plans = Vec::new();
    for router in &subject.routes.routers {
        for host in router.rule.hosts() {
            let of_ready = ready.filter(|_| ready_host.as_ref() == Some(&host));
            let path = of_ready.map_or_else(|| router.rule.sample_path().to_owned(), |ready| ready.path.clone());
            let url = format!("https://{host}{path}");
            if seen.insert(url.clone()) {
                let status = of_ready.and_then(|ready| ready.status);
                let wanted = Wanted { status, ..Wanted::default() };
                plans.push(Plan { name: String::new(), visit: visit(url), wanted });
            }
        }
    }
    plans
}

fn declared(subject: &Subject, number: usize, page: &Page) -> Result<Plan, Trouble> {
    let Some(host) = page.host.clone().map(|host| host.to_ascii_lowercase()).or_else(|| first_host(subject)) else {
        return Err(Trouble::failed("not-routed", "[[page]] names a page, and no router of the recipe names a host")
            .advise("Give the app a router with a Host rule, or take [[page]] out of tests/taster.toml."));
    };
    let hosts = subject.routes.hosts();
    if !hosts.contains(&host) {
        let known: Vec<&str> = hosts.iter().map(String::as_str).collect();
        return Err(Trouble::failed(
            "not-routed",
            format!("[[page]] {number} is at {host}, and no router names that host"),
        )
        .with("hosts", known.join("\n"))
        .advise("Correct the host in tests/taster.toml; without one it is the first router's."));
    }
    let slash = if page.path.starts_with('/') { "" } else { "/" };
    let mut visit = visit(format!("https://{host}{slash}{}", page.path));
    visit.title.clone_from(&page.title);
    visit.contains.clone_from(&page.contains);
    visit.steps = page.steps.iter().map(|step| filled(subject, number, step)).collect::<Result<_, _>>()?;
    let wanted =
        Wanted { declared: true, status: page.status, title: page.title.clone(), contains: page.contains.clone() };
    Ok(Plan { name: String::new(), visit, wanted })
}

fn filled(subject: &Subject, number: usize, step: &PageStep) -> Result<Step, Trouble> {
    Ok(match step {
        PageStep::Click(target) => Step::Click { target: target.clone() },
        PageStep::Wait(selector) => Step::Wait { selector: selector.clone() },
        PageStep::Expect(text) => Step::Expect { text: text.clone() },
        PageStep::Fill { field, with } => {
            let value = with.resolve(|value| found(subject, value));
            let value = value.map_err(|missing| {
                let (kind, known): (_, Vec<&str>) = match missing {
                    Value::Secret(_) => ("generated secrets", subject.secrets.keys().map(String::as_str).collect()),
                    Value::Env(_) => ("variables", subject.environment.keys().map(String::as_str).collect()),
                };
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                Trouble::failed(
                    "scenario",
                    format!("[[page]] {number} types {missing}, which the recipe does not have"),
                )
                .with(kind, known)
                .advise(
                    "Correct the name in tests/taster.toml: a secret's is its key under secrets: in the compose file.",
                )
            })?;
            Step::Fill { field: field.clone(), value }
        }
    })
}

fn found(subject: &Subject, value: &Value) -> Option<String> {
    match value {
        Value::Secret(name) => subject.secrets.get(name).map(|bytes| String::from_utf8_lossy(bytes).into_owned()),
        Value::Env(name) => subject.environment.get(name).cloned(),
    }
}

fn first_host(subject: &Subject) -> Option<String> {
    subject.routes.hosts().into_iter().next()
}

fn visit(url: String) -> Visit {
    Visit { url, patience: Patience::default(), ..Visit::default() }
}

fn name(number: usize, url: &str) -> String {
    let address = url.trim_start_matches("https://").trim_end_matches('/');
    let safe: String =
        address.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).take(60).collect();
    format!("{number:02}-{safe}")
}
