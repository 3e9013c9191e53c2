//! `deploy:` of a service: mode, update and rollback, restart, resources, placement.

use std::collections::HashMap;
use std::time::Duration;

use bollard::models::{
    GenericResourcesInner, GenericResourcesInnerDiscreteResourceSpec, Limit, ResourceObject, ServiceSpecMode,
    ServiceSpecModeReplicated, ServiceSpecModeReplicatedJob, ServiceSpecRollbackConfig,
    ServiceSpecRollbackConfigFailureActionEnum as RollbackAction, ServiceSpecRollbackConfigOrderEnum as RollbackOrder,
    ServiceSpecUpdateConfig, ServiceSpecUpdateConfigFailureActionEnum as UpdateAction,
    ServiceSpecUpdateConfigOrderEnum as UpdateOrder, TaskSpecPlacement, TaskSpecPlacementPreferences,
    TaskSpecPlacementSpread, TaskSpecResources, TaskSpecRestartPolicy, TaskSpecRestartPolicyConditionEnum as Condition,
};

use super::DeployError;
use super::spec::Notes;
use crate::compose::project::{Placement, Resources, Service, UpdateConfig};

/// Nanoseconds as the API wants them; longer than 292 years is cut.
pub(super) fn nanoseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

/// A count as the API's signed integers want it; larger than they hold is cut.
pub(super) fn count(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// `deploy.mode` and `deploy.replicas`.
pub(super) fn mode(name: &str, service: &Service) -> Result<ServiceSpecMode, DeployError> {
    let replicas = service.deploy.replicas.map(count);
    let no_replicas = || match replicas {
        None => Ok(Some(HashMap::new())),
        Some(_) => Err(DeployError::field(
            name,
            "deploy.replicas",
            "can only be used with the modes replicated and replicated-job: a global service runs once on each node",
        )),
    };
    let mut mode = ServiceSpecMode::default();
    match service.deploy.mode.as_str() {
        "" | "replicated" => mode.replicated = Some(ServiceSpecModeReplicated { replicas }),
        "replicated-job" => {
            mode.replicated_job =
                Some(ServiceSpecModeReplicatedJob { max_concurrent: replicas, total_completions: replicas });
        }
        "global" => mode.global = no_replicas()?,
        "global-job" => mode.global_job = no_replicas()?,
        other => {
            let reason = format!("unknown mode `{other}`: use replicated, global, replicated-job or global-job");
            return Err(DeployError::field(name, "deploy.mode", reason));
        }
    }
    Ok(mode)
}

/// `deploy.update_config`.
pub(super) fn update(name: &str, source: &UpdateConfig) -> Result<ServiceSpecUpdateConfig, DeployError> {
    let failure_action = match source.failure_action.as_str() {
        "" => None,
        "pause" => Some(UpdateAction::PAUSE),
        "continue" => Some(UpdateAction::CONTINUE),
        "rollback" => Some(UpdateAction::ROLLBACK),
        other => return Err(bad_action(name, "update_config", other, "pause, continue or rollback")),
    };
    let order = match source.order.as_str() {
        "" => None,
        "start-first" => Some(UpdateOrder::START_FIRST),
        "stop-first" => Some(UpdateOrder::STOP_FIRST),
        other => return Err(bad_order(name, "update_config", other)),
    };
    Ok(ServiceSpecUpdateConfig {
        parallelism: Some(source.parallelism.map_or(1, count)),
        delay: source.delay.map(nanoseconds),
        failure_action,
        monitor: source.monitor.map(nanoseconds),
        max_failure_ratio: Some(source.max_failure_ratio),
        order,
    })
}

/// `deploy.rollback_config`.
///
/// The engine takes `rollback` as failure action here too, but never rolls a rollback back: it pauses. The API's model has no word
/// for it, so what happens is what is sent.
pub(super) fn rollback(
    name: &str,
    source: &UpdateConfig,
    notes: &mut Notes,
) -> Result<ServiceSpecRollbackConfig, DeployError> {
    let failure_action = match source.failure_action.as_str() {
        "" => None,
        "rollback" => {
            let why = "swarm pauses where a rollback fails, whatever is written, and the API's model has no other word";
            notes.adapt(name, "rollback_config.failure_action pause instead of rollback", why);
            Some(RollbackAction::PAUSE)
        }
        "pause" => Some(RollbackAction::PAUSE),
        "continue" => Some(RollbackAction::CONTINUE),
        other => return Err(bad_action(name, "rollback_config", other, "pause or continue")),
    };
    let order = match source.order.as_str() {
        "" => None,
        "start-first" => Some(RollbackOrder::START_FIRST),
        "stop-first" => Some(RollbackOrder::STOP_FIRST),
        other => return Err(bad_order(name, "rollback_config", other)),
    };
    Ok(ServiceSpecRollbackConfig {
        parallelism: Some(source.parallelism.map_or(1, count)),
        delay: source.delay.map(nanoseconds),
        failure_action,
        monitor: source.monitor.map(nanoseconds),
        max_failure_ratio: Some(source.max_failure_ratio),
        order,
    })
}

fn bad_action(name: &str, section: &str, value: &str, allowed: &str) -> DeployError {
    DeployError::field(
        name,
        format!("deploy.{section}.failure_action"),
        format!("swarm knows no `{value}`: use {allowed}"),
    )
}

fn bad_order(name: &str, section: &str, value: &str) -> DeployError {
    DeployError::field(
        name,
        format!("deploy.{section}.order"),
        format!("swarm knows no `{value}`: use start-first or stop-first"),
    )
}

/// `deploy.restart_policy`, or else `restart:` as the reference translates it.
pub(super) fn restart(name: &str, service: &Service) -> Result<Option<TaskSpecRestartPolicy>, DeployError> {
    let Some(policy) = &service.deploy.restart_policy else {
        return restart_short(name, &service.restart);
    };
    let condition = match policy.condition.as_str() {
        "" => None,
        "none" => Some(Condition::NONE),
        "on-failure" => Some(Condition::ON_FAILURE),
        "any" => Some(Condition::ANY),
        other => {
            let reason = format!("swarm knows no `{other}`: use none, on-failure or any");
            return Err(DeployError::field(name, "deploy.restart_policy.condition", reason));
        }
    };
    Ok(Some(TaskSpecRestartPolicy {
        condition,
        delay: policy.delay.map(nanoseconds),
        max_attempts: policy.max_attempts.map(count),
        window: policy.window.map(nanoseconds),
    }))
}

/// `restart: always` and its like. The reference lists the key as unsupported, yet translates it.
fn restart_short(name: &str, restart: &str) -> Result<Option<TaskSpecRestartPolicy>, DeployError> {
    let (policy, attempts) = restart.split_once(':').unwrap_or((restart, ""));
    let refuse = |reason: &str| Err(DeployError::field(name, "restart", reason));
    let attempts = match attempts {
        "" => 0,
        text => match text.parse::<i64>() {
            Ok(attempts) if attempts >= 0 => attempts,
            _ => return refuse("the number of attempts after the colon must be a whole number, as in `on-failure:3`"),
        },
    };
    match policy {
        "" if restart.is_empty() => Ok(None),
        "no" => Ok(None),
        "always" | "unless-stopped" => {
            Ok(Some(TaskSpecRestartPolicy { condition: Some(Condition::ANY), ..TaskSpecRestartPolicy::default() }))
        }
        "on-failure" => Ok(Some(TaskSpecRestartPolicy {
            condition: Some(Condition::ON_FAILURE),
            max_attempts: Some(attempts),
            ..TaskSpecRestartPolicy::default()
        })),
        _ => refuse(
            "unknown restart policy: use no, always, unless-stopped or on-failure[:attempts], or deploy.restart_policy",
        ),
    }
}

/// `deploy.resources`.
pub(super) fn resources(name: &str, source: &Resources) -> Result<TaskSpecResources, DeployError> {
    let mut resources = TaskSpecResources::default();
    if let Some(limits) = &source.limits {
        resources.limits = Some(Limit {
            nano_cpus: nano_cpus(name, "deploy.resources.limits.cpus", &limits.cpus)?,
            memory_bytes: Some(limits.memory).filter(|bytes| *bytes != 0),
            pids: Some(limits.pids).filter(|pids| *pids != 0),
        });
    }
    if let Some(reserved) = &source.reservations {
        let generic: Vec<_> = reserved.generic_resources.iter().map(|(kind, value)| discrete(kind, *value)).collect();
        resources.reservations = Some(ResourceObject {
            nano_cpus: nano_cpus(name, "deploy.resources.reservations.cpus", &reserved.cpus)?,
            memory_bytes: Some(reserved.memory).filter(|bytes| *bytes != 0),
            generic_resources: Some(generic).filter(|list| !list.is_empty()),
        });
    }
    Ok(resources)
}

fn discrete(kind: &str, value: i64) -> GenericResourcesInner {
    GenericResourcesInner {
        discrete_resource_spec: Some(GenericResourcesInnerDiscreteResourceSpec {
            kind: Some(kind.to_owned()),
            value: Some(value),
        }),
        ..GenericResourcesInner::default()
    }
}

/// CPUs as billionths: a rational number (`0.5`, `1e-1`, `1/4`) that must come out whole, as the reference demands.
fn nano_cpus(name: &str, field: &str, text: &str) -> Result<Option<i64>, DeployError> {
    if text.is_empty() {
        return Ok(None);
    }
    let Some((numerator, denominator)) = rational(text) else {
        return Err(DeployError::field(name, field, format!("`{text}` is no number of CPUs: write for example '0.5'")));
    };
    let billionths = numerator.checked_mul(1_000_000_000).filter(|n| n % denominator == 0).map(|n| n / denominator);
    match billionths.and_then(|n| i64::try_from(n).ok()) {
        Some(nano) => Ok(Some(nano).filter(|nano| *nano != 0)),
        None => Err(DeployError::field(
            name,
            field,
            format!("`{text}` is too precise: nine digits after the point at most"),
        )),
    }
}

fn rational(text: &str) -> Option<(i128, i128)> {
    if let Some((numerator, denominator)) = text.split_once('/') {
        let denominator: i128 = denominator.parse().ok().filter(|n| *n > 0)?;
        return Some((numerator.parse().ok()?, denominator));
    }
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.trim_start_matches(['+', '-']).is_empty() && fraction.is_empty() || fraction.contains(['+', '-']) {
        return None;
    }
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let exponent: i32 = exponent.parse().ok()?;
    let shift = exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    let power = 10_i128.checked_pow(shift.unsigned_abs())?;
    if shift >= 0 { Some((digits.checked_mul(power)?, 1)) } else { Some((digits, power)) }
}

/// `deploy.placement`. The reference always sends it, empty or not.
pub(super) fn placement(source: &Placement) -> TaskSpecPlacement {
    let preferences = source.preferences_spread.iter().map(|spread| TaskSpecPlacementPreferences {
        spread: Some(TaskSpecPlacementSpread { spread_descriptor: Some(spread.clone()) }),
    });
    TaskSpecPlacement {
        constraints: Some(source.constraints.clone()).filter(|list| !list.is_empty()),
        preferences: Some(preferences.collect::<Vec<_>>()).filter(|list| !list.is_empty()),
        max_replicas: Some(count(source.max_replicas_per_node)).filter(|most| *most != 0),
        platforms: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpus_are_read_as_the_reference_reads_them() {
        for (text, nano) in [
            ("0.5", 500_000_000),
            ("1", 1_000_000_000),
            (".25", 250_000_000),
            ("2.", 2_000_000_000),
            ("1e-1", 100_000_000),
            ("1/4", 250_000_000),
        ] {
            assert_eq!(nano_cpus("s", "f", text).unwrap(), Some(nano), "{text}");
        }
        assert_eq!(nano_cpus("s", "f", "").unwrap(), None);
        assert_eq!(nano_cpus("s", "f", "0").unwrap(), None);
        for bad in ["half", "0.0000000001", "1/3", ".", "-", "1/0", "1e999", "0.-5"] {
            assert!(nano_cpus("s", "f", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_short_restart_key_is_translated() {
        let read =
            |text: &str| restart_short("s", text).map(|policy| policy.map(|p| (p.condition.unwrap(), p.max_attempts)));
        assert_eq!(read("").unwrap(), None);
        assert_eq!(read("no").unwrap(), None);
        assert_eq!(read("always").unwrap(), Some((Condition::ANY, None)));
        assert_eq!(read("unless-stopped").unwrap(), Some((Condition::ANY, None)));
        assert_eq!(read("on-failure").unwrap(), Some((Condition::ON_FAILURE, Some(0))));
        assert_eq!(read("on-failure:3").unwrap(), Some((Condition::ON_FAILURE, Some(3))));
        for bad in ["sometimes", ":3", "on-failure:x"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn parallelism_defaults_to_one_and_zero_stays_zero() {
        assert_eq!(update("s", &UpdateConfig::default()).unwrap().parallelism, Some(1));
        let all = UpdateConfig { parallelism: Some(0), ..UpdateConfig::default() };
        assert_eq!(update("s", &all).unwrap().parallelism, Some(0));
        assert_eq!(rollback("s", &all, &mut Notes::default()).unwrap().parallelism, Some(0));
    }

    #[test]
    fn global_services_have_no_replicas() {
        let mut service = Service::default();
        service.deploy.mode = "global".to_owned();
        assert!(mode("s", &service).unwrap().global.is_some());
        service.deploy.replicas = Some(1);
        assert!(mode("s", &service).unwrap_err().to_string().contains("deploy.replicas"));
        service.deploy.mode = "replicated-job".to_owned();
        let job = mode("s", &service).unwrap().replicated_job.unwrap();
        assert_eq!((job.max_concurrent, job.total_completions), (Some(1), Some(1)));
        service.deploy.mode = "everywhere".to_owned();
        assert!(mode("s", &service).is_err());
    }
}
