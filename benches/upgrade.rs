//! How long the reference recipe takes through the default plan, what a chain of upgrades costs beyond its hops, and how many hops a search takes.
//!
//! `cargo bench --profile dev --bench upgrade`; needs Docker Engine and Chromium. The reference recipe is the one of design.md §5: a healthcheck every
//! second, start-first, an update monitor of one second.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark that cannot go on may panic, and it prints"
)]

#[path = "../tests/trial/support.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod support;

use std::fmt::Write as _;

use support::{Recipe, Tried};
use taster::record::{HopKind, StepKind};

const SCENARIO: &str = "[[seed]]\nservice = \"app\"\nrun = \"demo-app add tea\"\n\n[[probe]]\nname = \"notes\"\nservice = \"app\"\nrun = \"demo-app list\"\n";

/// What swarm itself takes whatever the app is: removing, and in the last step stopping too.
const SWARMS_OWN: [&str; 1] = ["undeploy"];

fn compose(app: &str, version: &str, fault: &str) -> String {
    let mut text = format!(
        "version: \"3.8\"\nnetworks:\n  proxy:\n    external: true\nservices:\n  app:\n    image: taster-demo:{app}\n    environment:\n      - DOMAIN\n      - RELEASE={version}\n"
    );
    if !fault.is_empty() {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "      - DEMO_FAULT={fault}");
    }
    text + &format!(
        r#"    networks:
      - proxy
    volumes:
      - notes:/data
    healthcheck:
      test: ["CMD", "demo-app", "health"]
      interval: 1s
      timeout: 3s
      retries: 5
      start_period: 20s
    deploy:
      update_config:
        failure_action: rollback
        order: start-first
        monitor: 1s
      restart_policy:
        delay: 500ms
      labels:
        - "backupbot.backup=true"
        - "coop-cloud.${{STACK_NAME}}.version={version}+{app}"
        - "traefik.enable=true"
        - "traefik.http.routers.${{STACK_NAME}}.rule=Host(`${{DOMAIN}}`)"
        - "traefik.http.routers.${{STACK_NAME}}.entrypoints=web-secure"
        - "traefik.http.routers.${{STACK_NAME}}.tls=true"
        - "traefik.http.services.${{STACK_NAME}}.loadbalancer.server.port=8080"
volumes:
  notes:
"#
    )
}

fn recipe(name: &str, releases: &[(&str, &str)], fault: &str) -> Recipe {
    let mut recipe = Recipe::new(name, "").scenario(SCENARIO);
    for (version, app) in releases {
        recipe = recipe.file("compose.yml", compose(app, version, "")).release(&format!("{version}+{app}"));
    }
    recipe.file("compose.yml", compose("2.0", "2.0.0", fault))
}

fn main() {
    reference();
    let releases = [("1.0.0", "1.0"), ("1.1.0", "1.0"), ("1.2.0", "1.1"), ("1.3.0", "1.1")];
    chain(&releases);
    search(&[releases.as_slice(), &[("1.4.0", "1.1"), ("1.5.0", "1.1"), ("1.6.0", "1.1"), ("1.7.0", "1.1")]].concat());
}

/// The default plan but lint: the recipe is as small as can be, and lacks what lint wants.
fn reference() {
    let recipe = recipe("reference", &[("1.0.0", "1.0")], "");
    let mut options = recipe.options();
    options.plan.steps = Vec::new();
    options.plan.without = vec![(StepKind::Lint, "not a matter of time".to_owned())];
    let tried = recipe.run(&options);
    let costs = &tried.ended.summary.costs;
    println!("reference recipe, default plan: {:.1} s in all (aim: 30)", costs["run"]);
    for step in &tried.ended.summary.steps {
        println!("    {:<12} {:>6.1} s  {}", step.kind.word(), step.seconds, step.outcome.word());
    }
    for (what, seconds) in costs.iter().filter(|(_, seconds)| **seconds >= 0.5) {
        println!("        {what:<12} {seconds:>6.1} s");
    }
    let own: f64 = SWARMS_OWN.iter().filter_map(|what| costs.get(*what)).sum();
    println!(
        "    of it swarm's own removals: {own:.1} s ({:.0} %); waiting for convergence: {:.1} s",
        own / costs["run"] * 100.0,
        costs["converge"]
    );
}

/// The steps of a chain beside what their hops took by themselves (from the deploy to the last look).
fn chain(releases: &[(&str, &str)]) {
    let tried = whole(&recipe("chain", releases, ""));
    let map = tried.ended.summary.upgrade_map.as_ref().expect("a map");
    let row = |kind: HopKind| matches!(kind, HopKind::Chain | HopKind::Newest);
    let own: f64 = map.hops.iter().filter(|hop| row(hop.kind)).map(|hop| hop.seconds).sum();
    let steps: Vec<f64> =
        tried.ended.summary.steps.iter().filter(|step| step.hop.is_some_and(row)).map(|step| step.seconds).collect();
    let all: f64 = steps.iter().sum();
    // The first step pays the one install.
    let first = steps[0] - map.hops[0].seconds;
    println!(
        "chain of {} hops: {all:.1} s, of it {first:.1} s before the first hop; the hops by themselves {own:.1} s: ratio {:.2} (aim: 1.3)",
        steps.len(),
        (all - first) / own
    );
}

fn search(releases: &[(&str, &str)]) {
    let tried = whole(&recipe("search", releases, "adjacent-migration"));
    let map = tried.ended.summary.upgrade_map.as_ref().expect("a map");
    let searched = map.hops.iter().filter(|hop| hop.kind == HopKind::Search).count();
    let bound = (releases.len() + 1).next_power_of_two().ilog2();
    println!(
        "search among {} releases: {searched} hops (aim: at most {bound}), required stop {:?}",
        releases.len(),
        map.required_stops.iter().map(|stop| &stop.release).collect::<Vec<_>>()
    );
}

fn whole(recipe: &Recipe) -> Tried {
    let mut options = recipe.options();
    options.plan.steps = vec![StepKind::Upgrade];
    options.plan.chain = true;
    recipe.run(&options)
}
