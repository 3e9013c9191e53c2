//! The files of a history: appended whole, merged by git, read in any order, never fatal.

use std::path::{Path, PathBuf};
use std::process::Command;

use taster::history::{Policy, append, prune, read};
use taster::record::{HistoryLine, Outcome};

use crate::made::{all_of, hours_ago, line, now};

fn made(number: usize) -> HistoryLine {
    line(hours_ago(number as i64 * 24), number, all_of(Outcome::Passed))
}

fn runs(folder: &Path) -> Vec<String> {
    read(folder).unwrap().recipes.remove("blog").unwrap_or_default().into_iter().map(|line| line.run).collect()
}

fn file(folder: &Path) -> PathBuf {
    folder.join("blog.jsonl")
}

#[test]
fn a_run_enters_once_and_is_read_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("history");
    let appended = append(&folder, &[made(3), made(1)]).unwrap();
    assert_eq!((appended.new.len(), appended.known.len()), (2, 0));
    let appended = append(&folder, &[made(1), made(0)]).unwrap();
    assert_eq!((appended.new, appended.known), (vec![made(0).run], vec![made(1).run]));
    let history = read(&folder).unwrap();
    assert_eq!(history.recipes["blog"], [made(3), made(1), made(0)], "the oldest first");
    assert_eq!(history.newest(), Some(hours_ago(0)));
    assert!(history.set_aside.is_empty());
}

#[test]
fn a_name_that_leads_out_of_the_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["../evil", "a/b", ".hidden", "", "a\0b"] {
        let error = append(folder.path(), &[HistoryLine { recipe: name.to_owned(), ..made(0) }]).unwrap_err();
        assert!(error.to_string().contains("cannot have a history"), "{error}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// A kill can cut the file at any byte. Whatever is whole stays, what is torn is told, and the next line does not glue onto it.
#[test]
fn a_kill_at_any_byte_loses_at_most_the_line_that_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let made = |number| HistoryLine { steps: made(number).steps[..1].to_vec(), ..made(number) };
    append(folder, &[made(2), made(1)]).unwrap();
    let whole = std::fs::read(file(folder)).unwrap();
    let ends: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] == b'\n').collect();
    for cut in 0..=whole.len() {
        std::fs::write(file(folder), &whole[..cut]).unwrap();
        // The last line is whole when only its end is missing.
        let survived = ends.iter().filter(|end| **end <= cut).count();
        assert_eq!(runs(folder).len(), survived, "cut at {cut}");
        let torn = cut > 0 && !ends.contains(&cut) && whole[cut - 1] != b'\n';
        let set_aside = read(folder).unwrap().set_aside;
        assert_eq!(set_aside.len(), usize::from(torn), "cut at {cut}: {set_aside:?}");
        append(folder, &[made(0)]).unwrap();
        assert_eq!(runs(folder).len(), survived + 1, "cut at {cut}, then appended");
        let set_aside = read(folder).unwrap().set_aside;
        assert_eq!(set_aside.len(), usize::from(torn), "cut at {cut}, then appended: {set_aside:?}");
        assert!(set_aside.iter().all(|aside| aside.reason.contains("torn off")), "{set_aside:?}");
        // What was torn is not known, so it can be added again.
        append(folder, &[made(2), made(1)]).unwrap();
        assert_eq!(runs(folder).len(), 3, "cut at {cut}, then repaired");
    }
}

#[test]
fn whatever_lies_in_a_file_is_never_fatal() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    append(folder, &[made(0)]).unwrap();
    let good = std::fs::read_to_string(file(folder)).unwrap();
    let other_format = good.replace("taster.history/1", "taster.history/9");
    let other_recipe = good.replace("\"recipe\":\"blog\"", "\"recipe\":\"wiki\"");
    let no_run = good.replace(&made(0).run, "yesterday");
    let says_otherwise = good.replace("passed", "failed");
    let text = format!("<<<<<<< HEAD\n{other_format}{other_recipe}{no_run}\u{0}\n[]\n{good}{says_otherwise}\n\n");
    std::fs::write(file(folder), text.as_bytes()).unwrap();
    let mut bytes = text.into_bytes();
    bytes.extend(b"\xff\xfe\n");
    std::fs::write(file(folder), bytes).unwrap();
    let history = read(folder).unwrap();
    assert_eq!(history.recipes["blog"].len(), 1);
    let told: Vec<String> = history.set_aside.iter().map(|aside| format!("{}: {}", aside.line, aside.reason)).collect();
    assert_eq!(told.len(), 8, "{told:#?}");
    for words in ["taster.history/9", "is of the recipe wiki", "`yesterday` is no identifier", "that says otherwise"] {
        assert!(told.iter().any(|line| line.contains(words)), "{words}: {told:#?}");
    }
    // Which of two lines of one run counts does not depend on their order.
    std::fs::write(file(folder), format!("{says_otherwise}{good}")).unwrap();
    assert_eq!(read(folder).unwrap().recipes, history.recipes);
}

#[test]
fn threads_that_append_at_once_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            scope.spawn(move || {
                for number in 0..20 {
                    append(folder, &[made(thread * 20 + number), made(500)]).unwrap();
                }
            });
        }
    });
    assert_eq!(runs(folder).len(), 161);
    assert!(read(folder).unwrap().set_aside.is_empty());
    assert_eq!(std::fs::read_to_string(file(folder)).unwrap().lines().count(), 161);
}

fn git(folder: &Path, arguments: &[&str]) {
    let output = Command::new("git")
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .args(["-c", "user.name=t", "-c", "user.email=t@example.com"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn two_branches_are_merged_by_git_without_a_conflict() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    git(folder, &["init", "--quiet", "--initial-branch=main"]);
    let commit = |lines: &[HistoryLine], torn: &str| {
        append(folder, lines).unwrap();
        if !torn.is_empty() {
            let text = std::fs::read_to_string(file(folder)).unwrap();
            std::fs::write(file(folder), text + torn).unwrap();
        }
        git(folder, &["add", "--all"]);
        git(folder, &["commit", "--quiet", "--message", "runs"]);
    };
    commit(&[made(9)], "");
    git(folder, &["branch", "other"]);
    commit(&[made(8), made(5)], "");
    git(folder, &["switch", "--quiet", "other"]);
    commit(&[made(7), made(5)], "{\"schema\":\"taster.his");
    git(folder, &["switch", "--quiet", "main"]);
    commit(&[made(6)], "");
    git(folder, &["merge", "--quiet", "--no-edit", "other"]);
    assert_eq!(runs(folder), [9, 8, 7, 6, 5].map(|number| made(number).run));
    // The other way round the history is the same.
    git(folder, &["switch", "--quiet", "other"]);
    git(folder, &["reset", "--quiet", "--hard", "HEAD"]);
    let merged = read(folder).unwrap().recipes["blog"].len();
    assert_eq!(merged, 3);
    git(folder, &["merge", "--quiet", "--no-edit", "--no-ff", "main~1"]);
    assert_eq!(runs(folder).len(), 5 - usize::from(!runs(folder).contains(&made(6).run)));
}

#[test]
fn pruning_forgets_by_age_and_keeps_the_newest() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    append(folder, &[made(900), made(800), made(700), made(10)]).unwrap();
    let text = std::fs::read_to_string(file(folder)).unwrap();
    std::fs::write(file(folder), format!("{text}{text}{{\"torn")).unwrap();
    let policy = Policy { days: 730, newest: 1, dry: true };
    let before = std::fs::read(file(folder)).unwrap();
    let done = prune(folder, policy, now()).unwrap();
    assert_eq!((done[0].kept, done[0].gone.len(), done[0].useless), (2, 2, 5));
    assert_eq!(std::fs::read(file(folder)).unwrap(), before, "only told");
    prune(folder, Policy { dry: false, ..policy }, now()).unwrap();
    assert_eq!(runs(folder), [made(700).run, made(10).run]);
    assert_eq!(std::fs::read_to_string(file(folder)).unwrap().lines().count(), 2);
    prune(folder, Policy { newest: 100, dry: false, ..policy }, now()).unwrap();
    assert_eq!(runs(folder).len(), 2);
    let done = prune(folder, Policy { days: 365, newest: 0, dry: false }, now()).unwrap();
    assert_eq!((done[0].kept, runs(folder)), (1, vec![made(10).run]));
}
