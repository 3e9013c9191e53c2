//! Where a change began: compared is never what the base became since.

use std::path::Path;

use taster::recipe::{Beginning, Error, Recipe};

use crate::repository::Repository;

fn began(path: &Path, revision: &str, base: &str) -> Result<Beginning, Error> {
    Recipe::at(path, revision).unwrap_or_else(|error| panic!("{error}")).began(base)
}

#[test]
fn a_base_that_moved_on_is_left_where_the_change_began() {
    let mut repository = Repository::regular();
    let start = repository.git(&["rev-parse", "HEAD"]);
    repository.git(&["checkout", "--quiet", "-b", "bump"]);
    let head = repository.commit("a change");
    repository.git(&["checkout", "--quiet", "main"]);
    let same = began(repository.path(), "bump", "main").unwrap();
    assert_eq!((same.compared(), same.told()), (start.as_str(), None), "nothing to tell");
    let tip = repository.commit("meanwhile");
    let found = began(repository.path(), "bump", "main").unwrap();
    assert_eq!(found, Beginning { tip: tip.clone(), commit: Some(start.clone()), shallow: false });
    let told = found.told().unwrap();
    assert!(told.contains(&tip[..10]) && told.contains(&start[..10]), "{told}");
    // As git sees it, also with the base merged into the change, and of files that are not committed.
    repository.git(&["checkout", "--quiet", "bump"]);
    assert_eq!(Recipe::from_work_tree(repository.path()).unwrap().began("main").unwrap().compared(), start);
    repository.git(&["merge", "--quiet", "--no-ff", "--message", "in step again", "main"]);
    let merged = began(repository.path(), "bump", "main").unwrap();
    assert_eq!(merged.compared(), repository.git(&["merge-base", "main", "bump"]));
    assert_eq!(merged.compared(), tip);
    // A change that is in the base already began at itself.
    assert_eq!(began(repository.path(), &head, "bump").unwrap().compared(), head);
}

#[test]
fn a_tag_of_the_base_leads_to_its_commit() {
    let mut repository = Repository::regular();
    let start = repository.git(&["rev-parse", "HEAD"]);
    repository.tag("1.0.0+1.27.2");
    repository.commit("a change");
    assert_eq!(began(repository.path(), "main", "1.0.0+1.27.2").unwrap().compared(), start);
    let error = began(repository.path(), "main", "nowhere").unwrap_err();
    assert!(error.to_string().contains("no revision nowhere"), "{error}");
}

#[test]
fn histories_without_a_commit_in_common_are_told() {
    let mut repository = Repository::regular();
    repository.git(&["checkout", "--quiet", "--orphan", "other"]);
    let other = repository.commit("from nothing");
    let found = began(repository.path(), "main", "other").unwrap();
    assert_eq!((found.commit.as_ref(), found.compared()), (None, other.as_str()));
    assert!(found.told().unwrap().contains("no commit is known here"), "{found:?}");
    // A shallow clone lacks it, and says what brings it.
    repository.git(&["checkout", "--quiet", "main"]);
    repository.git(&["checkout", "--quiet", "-b", "bump"]);
    repository.commit("a change");
    repository.git(&["checkout", "--quiet", "main"]);
    repository.commit("meanwhile");
    let shallow = repository.beside("shallow");
    let url = format!("file://{}", repository.path().display());
    let to = shallow.to_str().unwrap().to_owned();
    repository.git(&["clone", "--quiet", "--depth=1", "--no-single-branch", &url, &to]);
    let found = began(&shallow, "origin/bump", "origin/main").unwrap();
    assert!(found.commit.is_none() && found.told().unwrap().contains("--unshallow"), "{found:?}");
}
