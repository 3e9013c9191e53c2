//! A service's environment: from its env files, its own pairs, and the deployer's environment.

use std::collections::BTreeMap;

use crate::compose::path::Path;
use crate::compose::tree::{Mapping, Node};

use super::Reader;

/// The longest line of an env file that the reference reads, in bytes.
const LONGEST_LINE: usize = 64 * 1024;

impl Reader<'_> {
    /// The environment of a service. A key with an empty value, or none, takes the deployer's value if there is one.
    pub(super) fn environment(&mut self, map: &Mapping, path: &Path<'_>) -> BTreeMap<String, Option<String>> {
        let mut environment = BTreeMap::new();
        let files = self.text_or_texts(map, path, "env_file");
        if let Some(node) = map.get("env_file") {
            let path = path.key("env_file");
            let mut pairs = BTreeMap::new();
            for file in files {
                match self.env_file(&file) {
                    Ok(read) => pairs.extend(read),
                    Err((message, help)) => self.refuse(place(node, &file), &path, message, help),
                }
            }
            self.add(&mut environment, pairs);
        }
        let own = self.pairs(map, path, "environment");
        self.add(&mut environment, own);
        environment
    }

    fn add(&self, environment: &mut BTreeMap<String, Option<String>>, pairs: BTreeMap<String, Option<String>>) {
        for (key, value) in pairs {
            let value = match value.as_deref() {
                None | Some("") => (self.surroundings.env)(&key).or(value),
                Some(_) => value,
            };
            environment.insert(key, value);
        }
    }

    fn env_file(&self, file: &str) -> Result<BTreeMap<String, Option<String>>, (String, &'static str)> {
        let path = within_recipe(self.surroundings.directory, file).ok_or_else(|| {
            let help = "put the file into the recipe, and name it relative to the compose file";
            (format!("the env file `{file}` lies outside of the recipe"), help)
        })?;
        let bytes = (self.surroundings.read_env_file)(&path).map_err(|why| {
            (format!("the env file `{path}` cannot be read: {why}"), "add the file to the recipe, or remove the entry")
        })?;
        let pairs = parse(&bytes, self.surroundings.env);
        pairs.map_err(|why| {
            (format!("the env file `{path}` is not valid: {why}"), "write one `NAME=value` on each line")
        })
    }
}

/// The list item that names `file`, or the whole node.
fn place<'n>(node: &'n Node, file: &str) -> &'n Node {
    node.as_list().and_then(|items| items.iter().find(|item| item.as_text() == Some(file))).unwrap_or(node)
}

/// Joins a path to a directory of the recipe; `None` when it leaves the recipe.
fn within_recipe(directory: &str, file: &str) -> Option<String> {
    if file.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in directory.split('/').chain(file.split('/')) {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop()?,
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Reads `NAME=value` lines. Nothing is expanded, and quotes are part of the value; a name alone takes the deployer's value.
fn parse(bytes: &[u8], env: &dyn Fn(&str) -> Option<String>) -> Result<BTreeMap<String, Option<String>>, String> {
    let mut pairs = BTreeMap::new();
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    for (number, line) in (1..).zip(bytes.split(|&byte| byte == b'\n')) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() >= LONGEST_LINE {
            return Err(format!("line {number} is longer than {LONGEST_LINE} bytes"));
        }
        let line = std::str::from_utf8(line).map_err(|_| format!("line {number} is no valid UTF-8"))?;
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = match line.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (line, None),
        };
        if name.is_empty() {
            return Err(format!("line {number} has no name before its `=`"));
        }
        if name.contains([' ', '\t']) {
            return Err(format!("the name `{name}` on line {number} contains a blank"));
        }
        if let Some(value) = value.or_else(|| env(name)) {
            pairs.insert(name.to_owned(), Some(value));
        }
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_in_the_recipe() {
        assert_eq!(within_recipe("", "./a/../b.env").as_deref(), Some("b.env"));
        assert_eq!(within_recipe("sub", "../b.env").as_deref(), Some("b.env"));
        for file in ["../b.env", "/etc/passwd", "a/../../b"] {
            assert_eq!(within_recipe("", file), None, "{file}");
        }
    }

    #[test]
    fn lines_are_taken_as_they_are() {
        let env = |name: &str| (name == "HOME").then(|| "/root".to_owned());
        let pairs = parse(b"\xEF\xBB\xBF# c\r\n\n  A=\"x\" \r\nHOME\nNONE\nB=\n", &env).unwrap();
        let expected = [("A", "\"x\" "), ("B", ""), ("HOME", "/root")];
        assert_eq!(pairs, expected.map(|(key, value)| (key.to_owned(), Some(value.to_owned()))).into());
        for text in [&b"A B=1"[..], b"=1", b"\xff=1"] {
            assert!(parse(text, &env).is_err());
        }
    }
}
