//! The recipe's pages in a browser before and after an upgrade: one that was well must be well again.

use crate::record::{Evidence, Outcome};
use crate::run::RunFolder;
use crate::trial::session::Session;
use crate::trial::smoke::{self, Looked};
use crate::trial::trouble::Trouble;

/// What was seen before an upgrade: every page was well.
#[derive(Debug)]
pub(super) struct Pages(Looked);

impl Pages {
    /// Looks at the older release; `None` when there is nothing to compare with later, which is told.
    ///
    /// # Errors
    /// When what was seen cannot be kept.
    pub(super) async fn before(session: &mut Session, folder: &RunFolder) -> Result<Option<Self>, Trouble> {
        let looked = match smoke::look(session, folder, "before-upgrade").await {
            Ok(looked) => looked,
            // That there is no page or no browser is the step smoke's to tell.
            Err(trouble) if trouble.class != "run-folder" => {
                session.log.note(format!("no page is compared across the upgrade: {}", trouble.reason));
                return Ok(None);
            }
            Err(trouble) => return Err(trouble),
        };
        match looked.clone().verdict() {
            Ok(_) => Ok(Some(Self(looked))),
            Err(trouble) => {
                session.log.note(format!(
                    "the pages are not compared across the upgrade, they were not well before: {}",
                    trouble.reason
                ));
                Ok(None)
            }
        }
    }

    /// Looks at the newer release, and lays the screenshots side by side.
    ///
    /// # Errors
    /// The first page that is not well any more.
    pub(super) async fn after(self, session: &mut Session, folder: &RunFolder) -> Result<Vec<Evidence>, Trouble> {
        let looked = smoke::look(session, folder, "after-upgrade").await?;
        let pairs = smoke::side_by_side(folder, &self.0, &looked)?;
        match looked.verdict() {
            Ok(passed) if passed.flaky => {
                let told = Evidence::text("finding", format!("only at the second look: {}", passed.reason));
                Ok(pairs.into_iter().chain([told]).collect())
            }
            Ok(_) => Ok(pairs),
            Err(mut trouble) => {
                if trouble.outcome == Outcome::Skipped {
                    trouble.outcome = Outcome::Failed;
                }
                trouble.reason = format!("a page that was well before the upgrade is not any more: {}", trouble.reason);
                trouble.evidence.extend(pairs);
                Err(trouble)
            }
        }
    }
}
