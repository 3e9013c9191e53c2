//! What registries said about the images of recipes, for the linter and for level 8.

use super::RegistryError;
use super::answer::{ImageFacts, Presence};
use super::client::Registries;
use super::since::Newer;
use crate::lint::{ImageAnswer, Outside};
use crate::record::Upstream;

/// The answers about images, in the order of the questions.
#[derive(Debug, Clone, Default)]
pub struct Asked(Vec<(String, Result<ImageFacts, RegistryError>)>);

impl Asked {
    /// Asks about these images, about each once.
    pub async fn about(registries: &Registries, images: &[String]) -> Self {
        Self(registries.ask_all(images).await)
    }

    /// What the linter may know of it. An image without an answer is not judged.
    pub fn outside(&self) -> Outside {
        let answers = self.0.iter().filter_map(|(reference, answer)| Some(known(reference, answer.as_ref().ok()?)));
        Outside { images: Some(answers.collect()), ..Outside::default() }
    }

    /// What gave no answer, and why, in words.
    pub fn silent(&self) -> impl Iterator<Item = String> {
        let silent = self.0.iter().filter_map(|(reference, answer)| Some((reference, answer.as_ref().err()?)));
        silent.map(|(reference, error)| format!("not judged is the image {reference}: {error}"))
    }

    /// Since when there has been something newer than this image; `None` when it was not asked about, or nothing is known of it.
    ///
    /// # Errors
    /// When the registry gives no answer.
    pub async fn upstream(&self, registries: &Registries, image: &str) -> Result<Option<Upstream>, RegistryError> {
        let answer = self.0.iter().find(|(reference, _)| reference == image);
        let Some((_, facts)) = answer else { return Ok(None) };
        let facts = facts.as_ref().map_err(Clone::clone)?;
        let newer = registries.newer_since(image, facts).await?;
        let upstream = Upstream { image: image.to_owned(), ..Upstream::default() };
        Ok(Some(match newer {
            Newer::Nothing => Upstream { dates_known: true, ..upstream },
            Newer::There { newest, since } => Upstream {
                newest: Some(newest),
                dates_known: since.is_some(),
                behind_since: since.map(|day| day.to_string()),
                ..upstream
            },
            Newer::Unknown => upstream,
        }))
    }
}

fn known(reference: &str, facts: &ImageFacts) -> ImageAnswer {
    ImageAnswer {
        reference: reference.to_owned(),
        exists: facts.presence == Presence::Exists,
        hidden: facts.presence == Presence::Hidden,
        architectures: facts.architectures.clone(),
        tags: facts.tags.clone(),
    }
}
