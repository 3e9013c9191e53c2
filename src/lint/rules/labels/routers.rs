//! L206 to L214: routers that Traefik drops, or that answer nobody.

use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::{Draft, Set, Subject};
use crate::record::Level;

use std::collections::{BTreeMap, BTreeSet};

use super::traefik::{self, Fields, Labels, own_provider, plain, text};
use crate::lint::{Location, Pair};
use crate::traefik::{boolean, list};

pub(super) const PORT: Rule = Rule {
    id: "L206",
    name: "router-without-port",
    level: Level::Error,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "every service that Traefik is to reach names its port",
    needs: &[],
    page: page!("L206"),
    check: Check::Set(port),
};
pub(super) const NO_RULE: Rule = Rule {
    id: "L207",
    name: "router-without-rule",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "every router has a rule",
    needs: &[],
    page: page!("L207"),
    check: Check::Set(no_rule),
};
pub(super) const DOMAIN: Rule = Rule {
    id: "L208",
    name: "rule-without-domain",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "every router answers to the domain of the app only",
    needs: &[],
    page: page!("L208"),
    check: Check::Set(domain),
};
pub(super) const TWICE: Rule = Rule {
    id: "L209",
    name: "router-rule-twice",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "no two routers have the same rule",
    needs: &[],
    page: page!("L209"),
    check: Check::Set(twice),
};
pub(super) const MIDDLEWARE: Rule = Rule {
    id: "L210",
    name: "middleware-undefined",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Likely,
    summary: "every middleware that a router uses is defined",
    needs: &[],
    page: page!("L210"),
    check: Check::Set(middleware),
};
pub(super) const TLS: Rule = Rule {
    id: "L211",
    name: "router-without-tls",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Likely,
    summary: "every router of the HTTPS entry point has TLS",
    needs: &[],
    page: page!("L211"),
    check: Check::Set(tls),
};
pub(super) const NETWORK: Rule = Rule {
    id: "L212",
    name: "web-service-not-on-proxy",
    level: Level::Error,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "every service that Traefik is to reach shares a network with it",
    needs: &[],
    page: page!("L212"),
    check: Check::Set(network),
};
pub(super) const SERVICE: Rule = Rule {
    id: "L213",
    name: "router-service-undefined",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Likely,
    summary: "every router leads to a service that is defined",
    needs: &[],
    page: page!("L213"),
    check: Check::Set(service),
};
pub(super) const ENABLE: Rule = Rule {
    id: "L214",
    name: "router-not-enabled",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "every service with routers has traefik.enable=true",
    needs: &[],
    page: page!("L214"),
    check: Check::Set(enable),
};

/// The labels of the services that Traefik is told to look at.
pub(super) fn enabled(set: &Set) -> Vec<Labels<'_>> {
    traefik::all(set).into_iter().filter(Labels::enabled).collect()
}

fn port(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let reachable = |fields: &Fields<'_>| {
        ["loadbalancer.server.port", "loadbalancer.servers[0].port", "loadbalancer.server.url"]
            .iter()
            .any(|key| !text(fields, key).is_empty())
    };
    let without = enabled(set).into_iter().filter_map(|labels| {
        let only_others = labels.other_protocols && labels.routers.is_empty() && labels.services.is_empty();
        let fine = !labels.services.is_empty() && labels.services.values().all(reachable);
        if only_others || fine {
            return None;
        }
        let bare = labels
            .services
            .iter()
            .find(|(_, fields)| !reachable(fields))
            .and_then(|(_, fields)| fields.values().next());
        let at = bare.copied().or(labels.enable)?.key_at.clone();
        Some((labels.service, at))
    });
    without
        .map(|(service, at)| {
            Draft::new(format!("Traefik is told no port of the service `{service}`, and drops all its routers"))
                .at(at, "")
                .help("add the label `traefik.http.services.${STACK_NAME}.loadbalancer.server.port=…`: swarm itself tells Traefik nothing about ports")
        })
        .collect()
}

fn no_rule(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (labels, name, fields) in routers(&enabled(set)) {
        let Some(first) = fields.values().next().filter(|_| text(fields, "rule").trim().is_empty()) else { continue };
        drafts.push(
            Draft::new(format!("the router `{}` of the service `{}` has no rule", plain(set, name), labels.service))
                .at(first.key_at.clone(), "")
                .help(format!("add the label `traefik.http.routers.{}.rule=Host(`${{DOMAIN}}`)`: Traefik makes one of the service's name, which is no domain", plain(set, name))),
        );
    }
    drafts
}

fn domain(subject: &Subject, set: &Set) -> Vec<Draft> {
    let has_domain = subject.candidate.sample.entry("DOMAIN").is_some();
    let mut drafts = Vec::new();
    for (labels, name, fields) in routers(&enabled(set)) {
        let Some(pair) = fields.get("rule") else { continue };
        let rule = text(fields, "rule");
        let (router, service) = (plain(set, name), labels.service);
        let lower = rule.to_lowercase();
        let message = if rule.trim().is_empty() {
            continue;
        } else if !lower.contains("host(") && !lower.contains("hostregexp(") {
            format!(
                "the router `{router}` of the service `{service}` has no `Host(…)` in its rule, and takes requests for every domain"
            )
        } else if lower.contains("host(``)") || lower.contains("host()") {
            format!("the router `{router}` of the service `{service}` has an empty `Host(…)` in its rule")
        } else if has_domain && !from_variable(set, &pair.value_at) {
            format!(
                "the rule of the router `{router}` of the service `{service}` names a fixed domain, the same for every operator"
            )
        } else {
            continue;
        };
        drafts.push(Draft::new(message).at(pair.value_at.clone(), "").help("write ``Host(`${DOMAIN}`)``"));
    }
    drafts
}

/// Whether something there comes from a variable, the stack's name aside.
pub(super) fn from_variable(set: &Set, at: &Location) -> bool {
    set.loaded.variables.iter().filter(|used| used.name != "STACK_NAME").any(|used| {
        let there = set.location(used.span);
        let inside = there.range.zip(at.range.clone()).is_some_and(|(a, b)| b.start <= a.start && a.end <= b.end);
        there.file == at.file && inside
    })
}

fn twice(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let labels = enabled(set);
    let mut seen: BTreeMap<(String, Vec<&str>, &str), (&str, &Pair)> = BTreeMap::new();
    let mut drafts = Vec::new();
    for (_, name, fields) in routers(&labels) {
        let Some(pair) = fields.get("rule") else { continue };
        let rule: String = text(fields, "rule").split_whitespace().collect();
        if rule.is_empty() {
            continue;
        }
        let mut points: Vec<&str> = list(text(fields, "entrypoints")).collect();
        points.sort_unstable();
        match seen.get(&(rule.clone(), points.clone(), text(fields, "priority"))) {
            Some((other, _)) if *other == name => {}
            Some((other, first)) => drafts.push(
                Draft::new(format!(
                    "the routers `{}` and `{}` have the same rule: only one of them can answer",
                    plain(set, other),
                    plain(set, name)
                ))
                .at(pair.value_at.clone(), "the same rule")
                .at(first.value_at.clone(), "as this one")
                .help("tell them apart by `Host` or `PathPrefix`, or take one away"),
            ),
            None => _ = seen.insert((rule, points, text(fields, "priority")), (name, *pair)),
        }
    }
    drafts
}

fn middleware(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let labels = enabled(set);
    let defined: BTreeSet<&str> =
        labels.iter().flat_map(|labels| labels.middlewares.keys().map(String::as_str)).collect();
    let users = labels.iter().flat_map(|labels| {
        let routers = labels.routers.iter().map(|(name, fields)| ("router", name, fields.get("middlewares")));
        let chains = labels.middlewares.iter().map(|(name, fields)| ("chain", name, fields.get("chain.middlewares")));
        routers.chain(chains)
    });
    let mut drafts = Vec::new();
    for (kind, name, pair) in users {
        let Some(pair) = pair else { continue };
        for used in list(pair.value.as_deref().unwrap_or_default()).filter_map(own_provider) {
            if defined.contains(used) {
                continue;
            }
            let near = defined.iter().map(|other| (strsim::osa_distance(used, other), other)).min();
            let meant =
                near.filter(|(distance, _)| *distance <= 3).map(|(_, other)| format!("`{}`", plain(set, other)));
            drafts.push(
                Draft::new(format!(
                    "the {kind} `{}` uses the middleware `{}`, which is not defined: Traefik drops the {kind}",
                    plain(set, name),
                    plain(set, used)
                ))
                .at(pair.value_at.clone(), "")
                .did_you_mean(meant)
                .help("define it by labels of an enabled service, or name its provider: `…@file`"),
            );
        }
    }
    drafts
}

fn tls(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (labels, name, fields) in routers(&enabled(set)) {
        let secure = list(text(fields, "entrypoints")).any(|point| matches!(point, "web-secure" | "websecure"));
        let tls = fields.keys().any(|key| key.starts_with("tls.")) || boolean(text(fields, "tls")) == Some(true);
        if let Some(pair) = fields.get("entrypoints").filter(|_| secure && !tls) {
            drafts.push(
                Draft::new(format!(
                    "the router `{}` of the service `{}` has no TLS: on an entry point for HTTPS Traefik answers 404",
                    plain(set, name),
                    labels.service
                ))
                .at(pair.value_at.clone(), "")
                .help(format!(
                    "add the label `traefik.http.routers.{}.tls.certresolver=${{LETS_ENCRYPT_ENV}}`",
                    plain(set, name)
                )),
            );
        }
    }
    drafts
}

fn network(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let project = set.project();
    let apart = enabled(set).into_iter().filter_map(|labels| {
        let service = project.services.get(labels.service)?;
        let shared =
            service.networks.keys().any(|key| project.networks.get(key).is_some_and(|network| network.external));
        // An undefined network is a fault of its own.
        let undefined = service.networks.keys().any(|key| key != "default" && !project.networks.contains_key(key));
        (!shared && !undefined).then_some((labels.service, labels.enable?.key_at.clone()))
    });
    apart
        .map(|(service, at)| {
            let networks = crate::lint::rules::place::key(set, &["services", service, "networks"]);
            Draft::new(format!("Traefik cannot reach the service `{service}`: it is on no network of other stacks"))
                .at(networks, "no external network")
                .at(at, "and Traefik is told to route to it")
                .help("put it on `proxy`, declared under `networks:` with `external: true`")
        })
        .collect()
}

fn service(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let labels = enabled(set);
    let defined: BTreeSet<&str> = labels.iter().flat_map(|labels| labels.services.keys().map(String::as_str)).collect();
    let mut drafts = Vec::new();
    for (labels, name, fields) in routers(&labels) {
        let wanted = text(fields, "service");
        let router = plain(set, name);
        if wanted.is_empty() && labels.services.len() > 1 {
            let Some(first) = fields.get("rule").or_else(|| fields.values().next()) else { continue };
            drafts.push(
                Draft::new(format!(
                    "the router `{router}` does not say to which of the {} services of `{}` it leads: Traefik drops it",
                    labels.services.len(),
                    labels.service
                ))
                .at(first.key_at.clone(), "")
                .help(format!("add the label `traefik.http.routers.{router}.service=…`")),
            );
        }
        let unknown = own_provider(wanted).filter(|wanted| !wanted.is_empty() && !defined.contains(wanted));
        if let Some((wanted, pair)) = unknown.zip(fields.get("service")) {
            let near = defined.iter().map(|other| (strsim::osa_distance(wanted, other), other)).min();
            let meant =
                near.filter(|(distance, _)| *distance <= 3).map(|(_, other)| format!("`{}`", plain(set, other)));
            drafts.push(
                Draft::new(format!(
                    "the router `{router}` leads to the service `{}`, which no label defines: Traefik drops it",
                    plain(set, wanted)
                ))
                .at(pair.value_at.clone(), "")
                .did_you_mean(meant)
                .help("define it by `traefik.http.services.….loadbalancer.server.port`"),
            );
        }
    }
    drafts
}

fn enable(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let all = traefik::all(set);
    // Where nothing is enabled at all, R010 speaks.
    if !all.iter().any(Labels::enabled) {
        return Vec::new();
    }
    let asking = all.iter().filter(|labels| labels.enable.is_none());
    asking
        .filter_map(|labels| Some((labels.service, labels.routers.values().next()?.values().next()?)))
        .map(|(service, pair)| {
            Draft::new(format!(
                "the service `{service}` has routers and no `traefik.enable=true`: Traefik does not look at them"
            ))
            .at(pair.key_at.clone(), "")
            .help("add the label `traefik.enable=true`, or take the routers away")
        })
        .collect()
}

/// The HTTP routers of these labels: whose they are, name, fields.
pub(super) fn routers<'l, 's>(
    labels: &'l [Labels<'s>],
) -> impl Iterator<Item = (&'l Labels<'s>, &'l str, &'l Fields<'s>)> {
    labels.iter().flat_map(|labels| labels.routers.iter().map(move |(name, fields)| (labels, name.as_str(), fields)))
}
