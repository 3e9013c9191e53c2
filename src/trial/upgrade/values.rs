//! The operator's own `.env` was not enough: would the newer sample's values have been, and did anything tell them?

use std::collections::BTreeSet;

use bollard::Docker;

use super::Upgrades;
use super::hop::{Hop, Landed};
use crate::record::Outcome;
use crate::trial::operator::{self, Operator};
use crate::trial::session::Session;
use crate::trial::subject::Subject;
use crate::trial::trouble::Trouble;

impl Upgrades {
    /// Tries the same upgrade once more as an operator who took over the newer sample. If that goes well, the chain goes on from there.
    pub(super) async fn with_new_sample(
        &mut self,
        session: &mut Session,
        host: &Docker,
        hop: &Hop,
        operator: &Operator,
        trouble: Trouble,
    ) -> Trouble {
        let changed = operator::differences(&operator.env, &Operator::new(&hop.to.recipe).env);
        if changed.is_empty() {
            return trouble;
        }
        session.log.progress("upgrade", "once more, with the values of the newer .env.sample");
        match self.again(session, host, hop).await {
            Ok(landed) => {
                self.land(&hop.to.name, landed.arrived(session));
                needs_new_environment(hop, &changed, trouble)
            }
            // That the older release did not come back says nothing about the newer one's sample.
            Err(second) if second.outcome != Outcome::Failed => trouble,
            Err(second) => trouble.with(
                "environment",
                format!("with the values of the newer .env.sample it fails as well: {}", second.reason),
            ),
        }
    }

    async fn again(&mut self, session: &mut Session, host: &Docker, hop: &Hop) -> Result<Landed, Trouble> {
        self.arrive(session, host, hop).await?;
        self.here = None;
        let Some(arrived) = self.arrived.get(&hop.from.name) else { return Err(Trouble::blocked("install")) };
        let readings = arrived.readings.clone();
        let operator = hop.operator(&arrived.operator).with_sample_of(&hop.to.recipe);
        let (recipe, scenario) = (hop.to.recipe.clone(), hop.to.scenario.clone());
        let newer = Subject::for_operator(recipe, scenario, &operator, session.log.redactor())?;
        hop.deploy(session, host, newer, &operator, &readings).await
    }
}

fn needs_new_environment(hop: &Hop, changed: &[(String, String)], trouble: Trouble) -> Trouble {
    let values: Vec<String> = changed.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let notes = notes(hop);
    let words: BTreeSet<&str> = notes.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
    let told: Vec<&str> = changed.iter().map(|(name, _)| name.as_str()).filter(|name| words.contains(name)).collect();
    let told = if told.is_empty() {
        "no release note names any of them".to_owned()
    } else {
        format!("the release notes name {}", told.join(", "))
    };
    Trouble {
        class: "needs-new-environment".to_owned(),
        reason: format!("an operator's own .env is not enough any more: {}", trouble.reason),
        ..trouble
    }
    .with("environment", format!("with the values of the newer .env.sample it upgrades:\n{}", values.join("\n")))
    .with("release-note", told)
    .advise("Give each new variable a default in the compose file (`${NAME:-value}`), or raise the major version and tell operators in release/<version> what to set.")
}

/// Everything that the release notes tell operators of the older release.
fn notes(hop: &Hop) -> String {
    let (older, newer) = (&hop.from.recipe.candidate.version, &hop.to.recipe.release_notes);
    let since = newer.by_version.iter().filter(|(version, _)| older.as_ref().is_none_or(|older| version > older));
    let notes = since.map(|(_, note)| note).chain(&newer.next);
    notes.map(|note| note.text.as_str()).collect::<Vec<_>>().join("\n")
}
