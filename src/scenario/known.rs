//! Scenarios that taster brings along, for recipes that have none of their own: `scenarios/` of this repository.
//!
//! Each passed here and caught a planted fault (`tests/apps/`). They are compiled in, so that one executable is all that a runner needs.

/// Every one, by the recipe's name.
const BUILT_IN: [(&str, &str); 4] = [
    ("dokuwiki", include_str!("../../scenarios/dokuwiki.toml")),
    ("ihatemoney", include_str!("../../scenarios/ihatemoney.toml")),
    ("radicale", include_str!("../../scenarios/radicale.toml")),
    ("wordpress", include_str!("../../scenarios/wordpress.toml")),
];

/// The scenario for a recipe of this name, with the name of its file.
pub fn built_in(recipe: &str) -> Option<(String, &'static str)> {
    let (name, text) = BUILT_IN.iter().find(|(name, _)| *name == recipe)?;
    Some((format!("scenarios/{name}.toml"), *text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Scenario;

    #[test]
    fn every_file_in_the_folder_is_built_in_and_can_be_read() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_suffix(".toml").map(str::to_owned))
            .collect();
        files.sort();
        let known: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
        assert_eq!(files, known);
        for name in known {
            let (file, text) = built_in(name).unwrap();
            let scenario = Scenario::parse(&file, text).unwrap();
            assert!(!scenario.seed.is_empty() && !scenario.probe.is_empty(), "{file} writes nothing or reads nothing");
        }
        assert!(built_in("no-such-recipe").is_none());
    }
}
