//! The environment that a recipe is deployed with.

use std::collections::BTreeMap;

use super::{EnvFile, Recipe};

/// Longest stack name (recipe-format.md §2, mark [M]).
pub const STACK_NAME_LIMIT: usize = 45;

/// The stack name of an app: its domain with `.` replaced by `_`, cut at 45 characters (recipe-format.md §2, mark [M]).
pub fn stack_name(domain: &str) -> String {
    domain.chars().map(|c| if c == '.' { '_' } else { c }).take(STACK_NAME_LIMIT).collect()
}

impl Recipe {
    /// What an operator deploys with whose `.env` is `env`: its values with the overrides in their place ([`EnvFile::effective`]), and the
    /// versions that `abra.sh` exports, which win over the file [M] and not over an override.
    pub fn environment(&self, env: &EnvFile, overrides: &BTreeMap<String, String>) -> Vec<(String, String)> {
        let mut environment = env.effective(overrides);
        for (name, value) in self.abra_sh.iter().flat_map(|abra| abra.exported()) {
            if overrides.contains_key(name) {
                continue;
            }
            match environment.iter_mut().find(|(known, _)| known == name) {
                Some((_, known)) => *known = value.to_owned(),
                None => environment.push((name.to_owned(), value.to_owned())),
            }
        }
        environment
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_name_is_the_domain_with_underscores_cut_at_45() {
        assert_eq!(stack_name("cloud.example.com"), "cloud_example_com");
        let long = "a-very-long-subdomain.of-some-collective.example.coop";
        let name = stack_name(long);
        assert_eq!(name.len(), 45);
        assert!(long.replace('.', "_").starts_with(&name));
    }
}
