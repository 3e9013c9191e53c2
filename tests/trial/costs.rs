//! What each service costs: measured on the node, and different where the recipes are.

use taster::record::{Fact, ServiceCosts, StepKind};

use crate::compose::routed;
use crate::support::{Recipe, Tried};

fn notes(name: &str, fault: &str) -> Tried {
    let service = format!(
        "healthcheck:\n  test: [\"CMD\", \"demo-app\", \"health\"]\n  interval: 1s\n  timeout: 3s\n  retries: 30\n\
         volumes:\n  - notes:/data\nenvironment:\n  - DEMO_FAULT={fault}"
    );
    let text = "many words ".repeat(2000);
    let scenario =
        format!("[[seed]]\nservice = \"app\"\nrun = \"demo-app add '{text}'\"\n[ready]\npath = \"/healthz\"\n");
    let compose = format!("{}volumes:\n  notes:\n", routed(&service, ""));
    Recipe::new(name, &compose).scenario(&scenario).steps(&[StepKind::Restart])
}

fn app(tried: &Tried) -> &ServiceCosts {
    let services = &tried.ended.summary.services;
    assert_eq!(services.len(), 1, "{services:?}");
    let told: Vec<&ServiceCosts> = tried.facts(|fact| match fact {
        Fact::Measured { services } => services.iter().collect(),
        _ => Vec::new(),
    });
    assert_eq!(told, services.iter().collect::<Vec<_>>(), "the log says the same");
    &services[0]
}

#[test]
fn memory_time_image_and_volume_of_a_service_are_measured() {
    let quick = notes("quick", "ignore-term");
    let costs = app(&quick);
    assert_eq!(costs.service, "app");
    // The app is a program of some megabytes that sleeps most of the time.
    assert!(costs.memory_peak.unwrap() > 500_000 && costs.memory_peak.unwrap() < 2_000_000_000, "{costs:?}");
    assert!(costs.cpu_seconds.unwrap() > 0.0 && costs.cpu_seconds.unwrap() < 60.0, "{costs:?}");
    assert!(costs.image_bytes.unwrap() > 1_000_000, "{costs:?}");
    // 22 000 bytes of a note, written by the seed after the install.
    assert!(costs.volume_growth.unwrap() >= 20_000 && costs.volume_bytes >= costs.volume_growth, "{costs:?}");
    let said = taster::report::verdict(&quick.ended.summary, &quick.ended.folder);
    assert!(said.contains(&costs.to_string()) && said.contains("app: healthy after"), "{said}");
    // What takes longer to be healthy is seen to.
    let slow = notes("slow", "slow-boot:8");
    assert!(app(&slow).seconds_to_healthy.unwrap() >= 8.0, "{:?}", app(&slow));
    assert!(costs.seconds_to_healthy.is_some() && costs.seconds_to_healthy >= costs.seconds_to_running, "{costs:?}");
}
