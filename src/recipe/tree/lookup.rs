//! Finding a file in a tree, with symbolic links followed inside the tree only.

use std::collections::VecDeque;

use super::{Mode, Tree, TreeFile};

/// The most symbolic links that one path may go through, as in the kernel.
const MOST_LINKS: usize = 40;

/// Why a path does not lead to a file of the tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// There is no such file.
    #[error("the recipe has no file `{path}`{}", hint(did_you_mean))]
    NotFound {
        /// The path that was asked for.
        path: String,
        /// The file with the most similar path, if one is similar.
        did_you_mean: Option<String>,
    },
    /// The path, or a symbolic link on its way, leads out of the recipe.
    #[error("`{path}` leads out of the recipe{}; a recipe may only name files of its own repository", through(via))]
    Leaves {
        /// The path that was asked for.
        path: String,
        /// The symbolic link that leads out; `None` when the path itself does.
        via: Option<String>,
    },
    /// It is a directory.
    #[error("`{path}` is a directory, and a file is needed")]
    Directory {
        /// The path that was asked for.
        path: String,
    },
    /// It is there and was not read.
    #[error("`{path}` is in the recipe but was not read: {why}")]
    Omitted {
        /// The path that was asked for.
        path: String,
        /// Why not.
        why: String,
    },
    /// The symbolic links on its way lead in a circle.
    #[error("`{path}` leads through more than {MOST_LINKS} symbolic links; they probably lead in a circle")]
    LinkLoop {
        /// The path that was asked for.
        path: String,
    },
}

fn hint(did_you_mean: &Option<String>) -> String {
    did_you_mean.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

fn through(via: &Option<String>) -> String {
    via.as_ref().map(|link| format!(" through the symbolic link `{link}`")).unwrap_or_default()
}

impl Tree {
    /// The file that `path` leads to and its own path, symbolic links followed. `.` and `..` in the path are followed as long
    /// as they stay inside.
    ///
    /// # Errors
    /// [`LookupError`] says why there is none.
    pub fn find(&self, path: &str) -> Result<(&str, &TreeFile), LookupError> {
        let owned = || path.to_owned();
        if path.starts_with('/') {
            return Err(LookupError::Leaves { path: owned(), via: None });
        }
        let mut todo: VecDeque<String> = path.split('/').map(ToOwned::to_owned).collect();
        let mut done: Vec<String> = Vec::new();
        let mut links = 0;
        let mut via: Option<String> = None;
        while let Some(part) = todo.pop_front() {
            match part.as_str() {
                "" | "." => continue,
                ".." => {
                    if done.pop().is_none() {
                        return Err(LookupError::Leaves { path: owned(), via });
                    }
                    continue;
                }
                _ => done.push(part),
            }
            let here = done.join("/");
            match self.inner.files.get(&here) {
                Some(file) if file.mode == Mode::Symlink => {
                    links += 1;
                    if links > MOST_LINKS {
                        return Err(LookupError::LinkLoop { path: owned() });
                    }
                    let target = String::from_utf8_lossy(&file.bytes).into_owned();
                    via = Some(here);
                    if target.starts_with('/') {
                        return Err(LookupError::Leaves { path: owned(), via });
                    }
                    done.pop();
                    for part in target.split('/').rev() {
                        todo.push_front(part.to_owned());
                    }
                }
                Some(_) if todo.iter().any(|part| !part.is_empty()) => return Err(self.not_found(path)),
                Some(_) => {}
                None => {
                    if let Some(why) = self.inner.omitted.get(&here) {
                        return Err(LookupError::Omitted { path: owned(), why: why.clone() });
                    }
                    if !self.is_directory(&here) {
                        return Err(self.not_found(path));
                    }
                }
            }
        }
        match self.inner.files.get_key_value(&done.join("/")) {
            Some((path, file)) => Ok((path, file)),
            None => Err(LookupError::Directory { path: owned() }),
        }
    }

    fn is_directory(&self, path: &str) -> bool {
        let prefix = format!("{path}/");
        let starts = |(found, _): (&String, _)| found.starts_with(&prefix);
        self.inner.files.range(prefix.clone()..).next().is_some_and(starts)
            || self.inner.omitted.range(prefix.clone()..).next().is_some_and(|(found, _)| found.starts_with(&prefix))
    }

    fn not_found(&self, path: &str) -> LookupError {
        let similar = self.inner.files.keys().map(|known| (strsim::jaro_winkler(path, known), known));
        let best = similar.filter(|(score, _)| *score > 0.85).max_by(|a, b| a.0.total_cmp(&b.0));
        LookupError::NotFound { path: path.to_owned(), did_you_mean: best.map(|(_, known)| known.clone()) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Limits, TreeBuilder};
    use super::*;
    use proptest::prelude::*;

    fn tree(links: &[(&str, &str)]) -> Tree {
        let mut builder = TreeBuilder::new(Limits::default());
        for path in ["compose.yml", "conf/app.conf", "conf/deep/x"] {
            builder.insert(path, path.as_bytes(), Mode::Regular).unwrap();
        }
        for (path, target) in links {
            builder.insert(path, target.as_bytes(), Mode::Symlink).unwrap();
        }
        builder.omit("huge/video.mp4", "it is too large");
        builder.finish()
    }

    fn found<'a>(tree: &'a Tree, path: &str) -> &'a str {
        tree.find(path).map(|(path, _)| path).unwrap_or_else(|e| panic!("{path}: {e}"))
    }

    #[test]
    fn follows_dots_and_links_inside() {
        let tree = tree(&[("link", "conf"), ("conf/up", "../compose.yml"), ("chain", "link/deep/../up")]);
        assert_eq!(found(&tree, "./conf//app.conf"), "conf/app.conf");
        assert_eq!(found(&tree, "conf/deep/../../compose.yml"), "compose.yml");
        assert_eq!(found(&tree, "link/deep/x"), "conf/deep/x");
        assert_eq!(found(&tree, "chain"), "compose.yml");
        assert_eq!(tree.entry("link").map(|f| f.mode), Some(Mode::Symlink));
    }

    #[test]
    fn never_leaves() {
        let tree =
            tree(&[("abs", "/etc/passwd"), ("up", "conf/../../x"), ("dir", ".."), ("loop", "pool"), ("pool", "loop")]);
        for (path, via) in
            [("/etc/passwd", None), ("../x", None), ("abs", Some("abs")), ("up", Some("up")), ("dir/x", Some("dir"))]
        {
            let expected = LookupError::Leaves { path: path.into(), via: via.map(ToOwned::to_owned) };
            assert_eq!(tree.find(path).map(|(p, _)| p), Err(expected));
        }
        assert_eq!(tree.find("loop").map(|(p, _)| p), Err(LookupError::LinkLoop { path: "loop".into() }));
    }

    #[test]
    fn says_why_there_is_no_file() {
        let tree = tree(&[("dangling", "nowhere")]);
        let text = |path: &str| tree.find(path).map(|(p, _)| p).unwrap_err().to_string();
        assert_eq!(text("compose.yaml"), "the recipe has no file `compose.yaml`; did you mean `compose.yml`?");
        assert_eq!(text("conf"), "`conf` is a directory, and a file is needed");
        assert_eq!(text(""), "`` is a directory, and a file is needed");
        assert_eq!(text("compose.yml/x"), "the recipe has no file `compose.yml/x`; did you mean `compose.yml`?");
        assert_eq!(text("huge/video.mp4"), "`huge/video.mp4` is in the recipe but was not read: it is too large");
        assert!(text("dangling").starts_with("the recipe has no file `dangling`"));
    }

    proptest! {
        #[test]
        fn no_path_panics_or_finds_what_is_not_there(path in "[a-z./]{0,24}", target in "[a-z./]{0,12}") {
            let tree = tree(&[("a", &target), ("b", "a")]);
            if let Ok((found, file)) = tree.find(&path) {
                prop_assert_eq!(tree.entry(found), Some(file));
            }
        }
    }
}
