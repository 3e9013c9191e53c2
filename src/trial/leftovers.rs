//! `leftovers`: after undeploy and purge nothing of the stack exists.

use std::time::Instant;

use super::recorder::Passed;
use super::session::Session;
use super::trouble::Trouble;
use crate::record::Evidence;
use crate::swarm::deploy::{self, Keep, LeftoverKind};

/// Removes the stack with its secrets, configs and volumes, and looks what is left.
///
/// # Errors
/// What is left.
pub(super) async fn run(session: &mut Session) -> Result<Passed, Trouble> {
    let begun = Instant::now();
    let stack = session.subject.stack.clone();
    session.log.progress("leftovers", "undeploy and purge");
    let removed = deploy::remove(&session.cluster.engines(), &stack, Keep::NOTHING).await?;
    session.log.timing("undeploy", begun);
    let mut left = Vec::new();
    for node in &session.cluster.nodes {
        left.extend(deploy::leftovers(&node.engine, &stack).await?);
    }
    if !left.is_empty() {
        let names: Vec<String> =
            left.iter().map(|object| format!("{} {}", object.kind.as_str(), object.name)).collect();
        return Err(Trouble::failed(
            "left-behind",
            format!("{} object(s) are left after undeploy and purge", left.len()),
        )
        .with("left", names.join("\n"))
        .advise(
            "See what made it: what the app creates by itself must carry the stack's label, or go when the app stops.",
        ));
    }
    let volumes = removed.objects.iter().filter(|object| object.kind == LeftoverKind::Volume).count();
    Ok(Passed::from(vec![Evidence::text(
        "removed",
        format!(
            "{} object(s), of which {volumes} volume(s), in {:.1} s",
            removed.objects.len(),
            removed.took.as_secs_f64()
        ),
    )]))
}
