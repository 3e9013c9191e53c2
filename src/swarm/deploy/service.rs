//! One service of the project → one service of the swarm.

use std::collections::HashMap;

use bollard::models::{ServiceSpec, TaskSpec, TaskSpecLogDriver};

use super::names::{check_service_name, scope};
use super::spec::{Context, Notes};
use super::{DeployError, LABEL_IMAGE, container, endpoint, network, policy};
use crate::compose::project::{Logging, Service};

/// The swarm service that the reference would ask for, but for what `notes` lists.
pub(super) fn service(context: &Context<'_>, service: &Service, notes: &mut Notes) -> Result<ServiceSpec, DeployError> {
    let name = scope(context.stack, context.service);
    check_service_name("service", context.stack, context.service, &name)?;
    if service.image.is_empty() {
        return Err(DeployError::field(
            context.service,
            "image",
            "no image is given, and a swarm cannot build one: name an image",
        ));
    }
    let deploy = &service.deploy;
    let mut labels = context.labels(&deploy.labels);
    labels.insert(LABEL_IMAGE.to_owned(), service.image.clone());
    Ok(ServiceSpec {
        name: Some(name),
        labels: Some(labels),
        task_template: Some(TaskSpec {
            container_spec: Some(container::container(context, service, notes)?),
            resources: Some(policy::resources(context.service, &deploy.resources)?),
            restart_policy: policy::restart(context.service, service)?,
            placement: Some(policy::placement(&deploy.placement)),
            networks: Some(network::attachments(context, service)?),
            log_driver: service.logging.as_ref().map(log_driver),
            ..TaskSpec::default()
        }),
        mode: Some(policy::mode(context.service, service)?),
        update_config: deploy
            .update_config
            .as_ref()
            .map(|update| policy::update(context.service, update))
            .transpose()?,
        rollback_config: match &deploy.rollback_config {
            Some(rollback) => Some(policy::rollback(context.service, rollback, notes)?),
            None => None,
        },
        networks: None,
        endpoint_spec: Some(endpoint::endpoint(context, service, notes)?),
    })
}

fn log_driver(logging: &Logging) -> TaskSpecLogDriver {
    let options: HashMap<_, _> = logging.options.clone().into_iter().collect();
    TaskSpecLogDriver {
        name: Some(logging.driver.clone()).filter(|name| !name.is_empty()),
        options: Some(options).filter(|options| !options.is_empty()),
    }
}
