//! A first scenario for a recipe, to be filled in by somebody who knows the app.
//!
//! What can be known from the recipe's files stands there as it must be; what only a maintainer knows stands there commented out, so that
//! the file is right as it is written: nothing in it is guessed and then held against the recipe.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::check::Surroundings;
use crate::compose::backup::volumes;
use crate::compose::project::Service;

/// The text of a scenario for a recipe. Lines that begin with `#` and no space are meant to be uncommented once they are right.
pub fn scaffold(recipe: &str, has: &Surroundings<'_>, files: &[String]) -> String {
    let mut text = format!(
        "# How taster tries {recipe}. `taster scenario check` reads it; docs/scenarios.md of taster tells what may stand here.\n\
         # Lines that begin with `#` and no space are suggestions: uncomment and correct them.\n"
    );
    pages(&mut text, has);
    data(&mut text, has);
    variants(&mut text, has, files);
    text.push_str(
        "\n# A step that cannot be tried, and why. It proves nothing: the level stays at “at least” what comes before it.\n\
         #[skip]\n#smoke = \"its pages are for programs, not for people\"\n",
    );
    text.push_str("\n#[limits]\n#deploy = \"300s\"                # time for a deploy to converge; else the recipe's TIMEOUT, or 120 s\n");
    text
}

/// Routes become `[ready]` and `[[page]]`.
fn pages(text: &mut String, has: &Surroundings<'_>) {
    let mut seen = BTreeSet::new();
    let mut routes = Vec::new();
    for router in &has.routes.routers {
        for host in router.rule.hosts() {
            let path = router.rule.sample_path().to_owned();
            if seen.insert((host.clone(), path.clone())) {
                routes.push((host, path));
            }
        }
    }
    let Some((first, path)) = routes.first() else {
        text.push_str("\n# No router names a host: there is no page to ask for, and the healthchecks alone tell when the app is ready.\n");
        return;
    };
    // The default host is the first by name, not the first that is written.
    let default = has.routes.hosts().into_iter().next().unwrap_or_default();
    let host = |host: &str| if host == default { String::new() } else { format!("host = {}\n", quoted(host)) };
    let _ = write!(
        text,
        "\n# When the app is ready: what it answers once it can be used.\n[ready]\n{}path = {}\n\
         #status = 200                     # else any 2xx, after redirects\n\
         #contains = \"Log in\"              # a text that an error page does not have\n",
        host(first),
        quoted(path)
    );
    let secret = has.secrets.iter().find(|name| name.contains("admin")).or(has.secrets.first());
    text.push_str("\n# What a visitor sees in a browser.\n");
    for (name, path) in &routes {
        let _ = write!(text, "[[page]]\n{}path = {}\n", host(name), quoted(path));
        text.push_str("#title = \"Welcome\"\n#contains = \"Log in\"\n");
    }
    if let Some(secret) = secret {
        let _ = write!(
            text,
            "#steps = [\n#  {{ fill = \"User name\", with = \"admin\" }},\n#  {{ fill = \"Password\", with = \"{{secret:{secret}}}\" }},\n\
             #  {{ click = \"Log in\" }},\n#  {{ expect = \"Logged in\" }},\n#]\n"
        );
    }
}

/// Volumes become seeds and probes, databases probes.
fn data(text: &mut String, has: &Surroundings<'_>) {
    let mut written = BTreeSet::new();
    text.push_str("\n# Data that must survive restarts, upgrades and a restore. Best is what the app itself writes: through its command line or its interface.\n");
    let before = text.len();
    for (name, service) in has.project.services().filter(|(_, service)| service.deploy.replicas != Some(0)) {
        if let Some(probe) = database(service) {
            let _ = write!(
                text,
                "# {name} is a database: taster asks it by itself, every table with its rows. A probe says which rows matter.\n\
                 #[[probe]]\n#name = \"rows in {name}\"\n#service = {}\n#run = '''{probe}'''\n",
                quoted(name)
            );
            written.extend(volumes(service).map(|mount| mount.source.clone()));
        }
    }
    for (name, service) in has.project.services().filter(|(_, service)| service.deploy.replicas != Some(0)) {
        for mount in volumes(service).filter(|mount| !mount.read_only) {
            if !written.insert(mount.source.clone()) {
                continue;
            }
            let (target, service) = (mount.target.trim_end_matches('/'), quoted(name));
            let _ = write!(
                text,
                "# The volume {} is at {target} in {name}.\n\
                 #[[seed]]\n#service = {service}\n#run = '''echo taster >{target}/taster.txt'''\n\
                 #[[probe]]\n#name = {}\n#service = {service}\n#run = '''cat {target}/taster.txt'''\n",
                mount.source,
                quoted(&format!("{} of {name}", mount.source))
            );
        }
    }
    if text.len() == before {
        text.push_str("# The recipe mounts no volume: nothing that it writes outlives a container.\n");
    }
}

/// What would ask a database, as the image's own documentation names its variables.
fn database(service: &Service) -> Option<String> {
    let image = service.image.rsplit('/').next().unwrap_or_default().split([':', '@']).next().unwrap_or_default();
    let value = |names: &[&str], otherwise: &str| {
        let found = names.iter().find_map(|name| service.environment.get(*name).cloned().flatten());
        found.filter(|value| !value.is_empty()).unwrap_or_else(|| otherwise.to_owned())
    };
    match image {
        "postgres" | "postgresql" | "postgis" | "pgvector" | "timescaledb" | "pgautoupgrade" => {
            let user = value(&["POSTGRES_USER"], "postgres");
            let name = value(&["POSTGRES_DB"], &user);
            Some(format!("psql -U {user} -d {name} -At -c \"SELECT id, name FROM a_table ORDER BY id\""))
        }
        "mariadb" | "mysql" | "mysql-server" | "percona" => {
            let client = if image == "mariadb" { "mariadb" } else { "mysql" };
            let user = value(&["MARIADB_USER", "MYSQL_USER"], "root");
            let name = value(&["MARIADB_DATABASE", "MYSQL_DATABASE"], "app");
            let file = value(
                &[
                    "MARIADB_PASSWORD_FILE",
                    "MYSQL_PASSWORD_FILE",
                    "MARIADB_ROOT_PASSWORD_FILE",
                    "MYSQL_ROOT_PASSWORD_FILE",
                ],
                "",
            );
            let password = if file.is_empty() { String::new() } else { format!(" -p\"$(cat {file})\"") };
            Some(format!("{client} -u {user}{password} -N -e \"SELECT id, name FROM a_table ORDER BY id\" {name}"))
        }
        "redis" | "valkey" | "keydb" => Some("redis-cli GET a_key".to_owned()),
        "mongo" | "mongodb" => {
            Some("mongosh --quiet --eval \"db.a_collection.find().sort({_id: 1}).toArray()\" app".to_owned())
        }
        _ => None,
    }
}

/// Overlays that the sample does not choose become variants.
fn variants(text: &mut String, has: &Surroundings<'_>, chosen: &[String]) {
    let is_overlay = |path: &str| {
        !path.contains('/')
            && path.starts_with("compose.")
            && crate::recipe::is_compose_file(path)
            && !chosen.iter().any(|file| file.trim_start_matches("./") == path)
    };
    let overlays: Vec<&str> = has.files.iter().map(|(path, _)| path).filter(|path| is_overlay(path)).collect();
    if overlays.is_empty() {
        return;
    }
    text.push_str("\n# Other ways to configure it: each that stands here must install, for level 2.\n");
    for overlay in overlays {
        let name = overlay.trim_start_matches("compose.").rsplit_once('.').map_or("other", |(name, _)| name);
        let files: Vec<String> = chosen.iter().map(String::as_str).chain([overlay]).map(quoted).collect();
        let key = if name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)) {
            name.to_owned()
        } else {
            quoted(name)
        };
        let _ = write!(text, "#[variants.{key}]\n#compose = [{}]\n#env = {{}}\n", files.join(", "));
    }
}

/// A TOML string.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
