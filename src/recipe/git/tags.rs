//! Tags: annotated or lightweight, when, on which commit.

use gix::bstr::ByteSlice as _;
use gix::objs::Kind;

use super::{Repository, chain};
use crate::recipe::{Error, Irregularity};

/// A tag object may point at a tag object. Nobody nests them deeper than this.
const MOST_NESTED: usize = 8;

/// A tag of the repository that leads to a commit.
#[derive(Debug, Clone)]
pub(in crate::recipe) struct Tag {
    /// The name without `refs/tags/`.
    pub(in crate::recipe) name: String,
    /// The tag is an object of its own; otherwise it is lightweight, a mere name for a commit.
    pub(in crate::recipe) annotated: bool,
    /// When it was tagged; for a lightweight tag, when its commit was made.
    pub(in crate::recipe) time: Option<jiff::Timestamp>,
    /// The full hash of the commit.
    pub(in crate::recipe) commit: String,
    /// The tag's message; empty for a lightweight tag.
    pub(in crate::recipe) message: String,
}

impl Repository {
    /// All tags that lead to a commit, by name. One that cannot be read is an irregularity, not an error: the others still count.
    pub(in crate::recipe) fn tags(&self, irregularities: &mut Vec<Irregularity>) -> Result<Vec<Tag>, Error> {
        let fail = |error| self.corrupt("the tags", &error);
        let platform = self.repo.references().map_err(fail)?;
        let mut tags = Vec::new();
        for reference in platform.tags().map_err(fail)? {
            let reference = match reference {
                Ok(reference) => reference,
                Err(error) => {
                    irregularities.push(Irregularity::new("refs/tags", None, format!("a tag cannot be read: {error}")));
                    continue;
                }
            };
            let name = reference.name().shorten().to_str_lossy().into_owned();
            match self.tag(&name, reference) {
                Ok(tag) => tags.push(tag),
                Err(why) => irregularities.push(Irregularity::new(format!("refs/tags/{name}"), None, why)),
            }
        }
        Ok(tags)
    }

    fn tag(&self, name: &str, reference: gix::Reference<'_>) -> Result<Tag, String> {
        let unreadable = |error: gix::Error| format!("the tag cannot be read: {}", chain(&error));
        let mut id = match reference.try_id() {
            Some(id) => id.detach(),
            None => {
                return Err("the tag is a name for another name (a symbolic reference), not for a commit".to_owned());
            }
        };
        let mut tag =
            Tag { name: name.to_owned(), annotated: false, time: None, commit: String::new(), message: String::new() };
        for _ in 0..MOST_NESTED {
            match self.repo.find_header(id).map_err(unreadable)?.kind() {
                Kind::Commit => {
                    if !tag.annotated {
                        let commit = self.repo.find_commit(id).map_err(unreadable)?;
                        tag.time = commit.time().ok().and_then(|time| jiff::Timestamp::from_second(time.seconds).ok());
                    }
                    tag.commit = id.to_string();
                    return Ok(tag);
                }
                Kind::Tag => {
                    let data = self.object(id, Kind::Tag, "the tag").map_err(|error| error.to_string())?;
                    let object = gix::objs::TagRef::from_bytes(&data, id.kind()).map_err(unreadable)?;
                    if !tag.annotated {
                        tag.annotated = true;
                        tag.message = object.message.to_str_lossy().trim().to_owned();
                        let tagger = object.tagger().ok().flatten();
                        tag.time = tagger.and_then(|tagger| jiff::Timestamp::from_second(tagger.seconds()).ok());
                    }
                    id = object.target();
                }
                other => return Err(format!("the tag leads to a {other}, and a release is a commit")),
            }
        }
        Err(format!("more than {MOST_NESTED} tags point at each other"))
    }
}
