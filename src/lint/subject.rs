//! What rules are given to judge.

use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};

use super::facts::Facts;

/// A recipe under judgement: the candidate, the release before it, and what was found out elsewhere.
pub struct Subject {
    /// The revision that is judged.
    pub candidate: Facts,
    /// What was found out elsewhere.
    pub outside: Outside,
    previous: Arc<LazyLock<Result<Option<Facts>, String>, Loader>>,
}

/// Reads the release before the candidate, once, when a rule asks for it.
pub(super) type Loader = Box<dyn FnOnce() -> Result<Option<Facts>, String> + Send>;

/// Facts from outside the recipe, handed in by whoever may ask for them. `None`: nobody asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Outside {
    /// The community organisation that holds the recipe, as `taster.toml` names it.
    pub organisation: Option<String>,
    /// Versions that the published catalogue has of it.
    pub catalogue: Option<Vec<String>>,
    /// The HTTP status that its repository in the organisation answers with.
    pub repository: Option<u16>,
    /// What registries say about images.
    pub images: Option<Vec<ImageAnswer>>,
}

/// Where a run that asked registries keeps their answers, in its folder, so that the base of a change can be judged by the same.
pub const ANSWERS: &str = "registries.json";

/// What a registry says about an image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageAnswer {
    /// The reference as the recipe writes it.
    pub reference: String,
    /// Whether the registry has that tag.
    pub exists: bool,
    /// Nobody without an account is shown it: it is not public, or does not exist.
    #[serde(default)]
    pub hidden: bool,
    /// Processor architectures that it is built for.
    #[serde(default)]
    pub architectures: Vec<String>,
    /// All tags of the image. They are not kept: no error rests on them, and some images have tens of thousands.
    #[serde(default, skip_serializing)]
    pub tags: Vec<String>,
}

impl Subject {
    /// A recipe with nothing before it and nothing known from elsewhere.
    pub fn new(candidate: Facts) -> Self {
        Self::with(candidate, Outside::default(), Box::new(|| Ok(None)))
    }

    pub(super) fn with(candidate: Facts, outside: Outside, previous: Loader) -> Self {
        Self { candidate, outside, previous: Arc::new(LazyLock::new(previous)) }
    }

    /// The same with another candidate: what `--fix` makes of it.
    pub(super) fn with_candidate(&self, candidate: Facts) -> Self {
        Self { candidate, outside: self.outside.clone(), previous: self.previous.clone() }
    }

    /// The images of all sets of the candidate that load, as the files write them: what registries can be asked about.
    pub fn images(&self) -> std::collections::BTreeSet<&str> {
        let services = self.candidate.sets.iter().flat_map(|set| set.project().services());
        services.map(|(_, service)| service.image.as_str()).filter(|image| !image.is_empty()).collect()
    }

    /// The newest release whose commit is not the candidate's (for a candidate that is a release: the one before it), or the one that
    /// `--since` names. `None` when there is none.
    ///
    /// # Errors
    /// Why that release cannot be read.
    pub fn previous(&self) -> Result<Option<&Facts>, &str> {
        LazyLock::force(&self.previous).as_ref().map(Option::as_ref).map_err(String::as_str)
    }
}

impl std::fmt::Debug for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subject").field("candidate", &self.candidate).field("outside", &self.outside).finish()
    }
}
