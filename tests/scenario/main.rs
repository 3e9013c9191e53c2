//! `taster scenario`: what does not fit is told at its place; a first scenario fits as it is written, and so do its suggestions; the
//! scenarios that taster brings along fit their recipes, and the drafts can be read.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod needs;
mod shipped;
mod skip;

use std::path::{Path, PathBuf};
use std::process::Command;

use taster::recipe::Recipe;
use taster::scenario::{Scenario, built_in};
use taster::trial::{first_scenario, misfits};

const COMPOSE: &str = r#"
version: "3.8"
services:
  app:
    image: wiki:1.0
    environment:
      - WIKI_TITLE
      - DB_HOST=db
    secrets: [admin_password]
    volumes: ["content:/data"]
    networks: [proxy, internal]
    deploy:
      labels:
        - "traefik.enable=true"
        - "traefik.http.routers.${STACK_NAME}.rule=Host(`${DOMAIN}`)"
        - "traefik.http.services.${STACK_NAME}.loadbalancer.server.port=80"
  db:
    image: postgres:15
    environment:
      POSTGRES_USER: wiki
      POSTGRES_PASSWORD: ${DB_PASSWORD:-x}
    volumes: ["db:/var/lib/postgresql/data"]
    networks: [internal]
  off:
    image: wiki:1.0
    deploy: { replicas: 0 }
volumes: { content: , db: }
networks: { proxy: { external: true }, internal: }
secrets:
  admin_password: { external: true, name: "${STACK_NAME}_admin_password_${SECRET_ADMIN_PASSWORD_VERSION}" }
"#;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("wiki");
        std::fs::create_dir_all(root.join("tests")).unwrap();
        std::fs::write(root.join("compose.yml"), COMPOSE).unwrap();
        std::fs::write(
            root.join("compose.smtp.yml"),
            "version: \"3.8\"\nservices:\n  app:\n    environment:\n      - SMTP_HOST=${SMTP_HOST:?no host}\n",
        )
        .unwrap();
        std::fs::write(
            root.join(".env.sample"),
            "TYPE=wiki\nDOMAIN=wiki.example.com\nSECRET_ADMIN_PASSWORD_VERSION=v1\n#LANGUAGE=en\n",
        )
        .unwrap();
        Self(folder)
    }

    fn root(&self) -> PathBuf {
        self.0.path().join("wiki")
    }

    fn scenario(&self) -> PathBuf {
        self.root().join("tests/taster.toml")
    }

    fn check(&self, text: &str) -> Vec<String> {
        let recipe = Recipe::from_work_tree(&self.root()).unwrap();
        let scenario = Scenario::parse("t", text).unwrap();
        misfits(&recipe, &scenario, "t", text).iter().map(ToString::to_string).collect()
    }
}

fn taster(arguments: &[&str]) -> (i32, String, String) {
    let done = Command::new(env!("CARGO_BIN_EXE_taster")).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (done.status.code().unwrap(), text(done.stdout), text(done.stderr))
}

#[test]
fn what_the_recipe_does_not_have_is_told_at_its_place_with_what_was_meant() {
    let folder = Folder::new();
    for (text, place, said) in [
        ("[env]\nWIKI_TILTE = \"x\"\n", "t:2:14:", "did you mean `WIKI_TITLE`?"),
        ("[env]\nNOTHING_READS_THIS = \"x\"\n", "t:2:22:", "changes nothing"),
        ("[[seed]]\nservice = \"ap\"\nrun = \"x\"\n", "t:2:11:", "it has app, db, off; did you mean `app`?"),
        ("[[seed]]\nservice = \"off\"\nrun = \"x\"\n", "t:2:11:", "has no replicas"),
        (
            "[[probe]]\nname = \"a\"\nservice = \"app\"\nrun = \"cat /run/secrets/admin_pasword\"\n",
            "t:4:7:",
            "did you mean `admin_password`?",
        ),
        (
            "[[probe]]\nname = \"a\"\nservice = \"db\"\nrun = \"cat /run/secrets/admin_password\"\n",
            "t:4:7:",
            "the service db has no secret at /run/secrets/admin_password; it has none",
        ),
        ("[ready]\nhost = \"wikki.test\"\n", "t:2:8:", "did you mean `wiki.test`?"),
        ("[[page]]\n[[page]]\npath = \"login\"\n", "t:3:8:", "did you mean `/login`?"),
        (
            "[[page]]\nsteps = [{ fill = \"x\", with = \"{secret:admin_pass}\" }]\n",
            "t:2:31:",
            "did you mean `admin_password`?",
        ),
        (
            "[[page]]\nsteps = [{ fill = \"x\", with = \"{env:USER_NAME}\" }]\n",
            "t:2:31:",
            "no variable of that name is set",
        ),
        (
            "[variants.mail]\ncompose = [\"compose.yml\", \"compose.stmp.yml\"]\n",
            "t:2:27:",
            "did you mean `compose.smtp.yml`?",
        ),
        ("[variants.mail]\ncompose = [\"compose.yml\", \"compose.smtp.yml\"]\n", "t:1:1:", "no host"),
        ("[variants.mail.env]\nLANGAUGE = \"de\"\n", "t:2:12:", "did you mean `LANGUAGE`?"),
        ("[env]\nCOMPOSE_FILE = \"compose.yml:compose.no.yml\"\n", "t:1:1:", "cannot be deployed"),
    ] {
        let found = folder.check(text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(found[0].starts_with(place) && found[0].contains(said), "{text}: {found:?}");
    }
}

#[test]
fn what_fits_is_left_alone() {
    let folder = Folder::new();
    let text = "[env]\nWIKI_TITLE = \"x\"\nLANGUAGE = \"de\"\nDB_PASSWORD = \"y\"\n[variants.mail]\n\
        compose = [\"compose.yml\", \"compose.smtp.yml\"]\nenv = { SMTP_HOST = \"localhost\" }\n[ready]\nhost = \"Wiki.test\"\n\
        [[seed]]\nservice = \"app\"\nrun = \"login $(cat /run/secrets/admin_password).\"\n\
        [[page]]\nsteps = [{ fill = \"x\", with = \"{env:WIKI_TITLE} {secret:admin_password}\" }]\n";
    assert_eq!(folder.check(text), Vec::<String>::new());
}

#[test]
fn a_first_scenario_fits_as_it_is_written_and_so_do_its_suggestions() {
    let folder = Folder::new();
    let recipe = Recipe::from_work_tree(&folder.root()).unwrap();
    let text = first_scenario(&recipe).unwrap();
    assert_eq!(folder.check(&text), Vec::<String>::new(), "{text}");
    let scenario = Scenario::parse("t", &text).unwrap();
    assert_eq!((scenario.ready.unwrap().path.as_str(), scenario.page.len()), ("/", 1), "{text}");
    let suggested: String = text
        .lines()
        .map(|line| {
            line.strip_prefix('#')
                .filter(|rest| !rest.is_empty() && !rest.starts_with(' ') || rest.starts_with("  "))
                .unwrap_or(line)
        })
        .flat_map(|line| [line, "\n"])
        .collect();
    let all = Scenario::parse("t", &suggested).unwrap_or_else(|error| panic!("{error}\n{suggested}"));
    assert_eq!((all.seed.len(), all.probe.len(), all.variants.len()), (1, 2, 1), "{suggested}");
    assert!(
        all.probe.iter().any(|probe| probe.service == "db" && probe.run.contains("psql -U wiki -d wiki")),
        "{suggested}"
    );
    assert_eq!(all.variants["smtp"].compose, ["compose.yml", "compose.smtp.yml"]);
    // What is suggested speaks of what is there; only the overlay asks for a value that nobody can guess.
    let misfits = folder.check(&suggested);
    assert!(misfits.len() == 1 && misfits[0].contains("no host"), "{misfits:?}\n{suggested}");
}

#[test]
fn the_command_makes_checks_and_refuses() {
    let folder = Folder::new();
    let root = folder.root().display().to_string();
    let (code, _, error) = taster(&["scenario", "check", &root]);
    assert!(code == 3 && error.contains("taster scenario new"), "{code} {error}");
    let (code, printed, _) = taster(&["scenario", "new", "--print", &root]);
    assert!(code == 0 && !folder.scenario().exists(), "{printed}");
    let (code, said, error) = taster(&["scenario", "new", &root]);
    assert!(code == 0 && said.contains("Next:") && said.contains("taster test"), "{said} {error}");
    assert_eq!(std::fs::read_to_string(folder.scenario()).unwrap(), printed);
    let (code, said, error) = taster(&["scenario", "check", &root]);
    assert!(code == 0 && said.contains("it fits wiki"), "{said} {error}");
    let (code, _, error) = taster(&["scenario", "new", &root]);
    assert!(code == 2 && error.contains("is there already"), "{error}");
    std::fs::write(folder.scenario(), "[redy]\n").unwrap();
    let (code, _, error) = taster(&["scenario", "check", folder.scenario().to_str().unwrap()]);
    assert!(
        code == 2 && error.contains("taster.toml:1:2: unknown field `redy`") && error.contains("did you mean `ready`?"),
        "{error}"
    );
    // A file of its own is checked against the recipe that is named.
    let apart = folder.0.path().join("apart.toml");
    std::fs::write(&apart, "[[seed]]\nservice = \"nope\"\nrun = \"x\"\n").unwrap();
    let (code, said, _) = taster(&["scenario", "check", apart.to_str().unwrap()]);
    assert!(code == 0 && said.contains("--recipe"), "{said}");
    let (code, _, error) = taster(&["scenario", "check", apart.to_str().unwrap(), "--recipe", &root]);
    assert!(code == 2 && error.contains("no service nope"), "{error}");
    let (code, _, error) = taster(&["scenario", "check", "/no/such/file.toml"]);
    assert!(code == 2 && error.contains("/no/such/file.toml"), "{error}");
    let (code, _, error) = taster(&["scenario", "new", folder.0.path().to_str().unwrap()]);
    assert!(code == 2 && error.contains("compose.yml"), "{error}");
}

#[test]
fn what_taster_brings_along_fits_the_apps_that_it_passed_with() {
    for name in ["dokuwiki", "ihatemoney", "radicale", "wordpress"] {
        let (file, text) = built_in(name).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/apps/recipes.sh");
        let made = Command::new("bash").arg(script).arg(folder.path()).arg(name).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let recipe = Recipe::from_work_tree(&folder.path().join(name)).unwrap();
        let own = recipe.tree.get("tests/taster.toml").unwrap();
        // The tests of tests/apps are what it passed, and what it caught faults with.
        assert_eq!(String::from_utf8_lossy(&own.bytes), text, "{file} is the scenario that tests/apps tries");
        let scenario = Scenario::parse(&file, text).unwrap();
        let found: Vec<String> = misfits(&recipe, &scenario, &file, text).iter().map(ToString::to_string).collect();
        assert_eq!(found, Vec::<String>::new());
    }
}

#[test]
fn every_draft_can_be_read_and_says_that_it_is_untested() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/scenario-drafts");
    let mut read = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "toml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let scenario = Scenario::parse(&path.display().to_string(), &text).unwrap_or_else(|error| panic!("{error}"));
        assert!(text.starts_with("# DRAFT, untested"), "{}", path.display());
        assert!(
            scenario.ready.is_some() && !scenario.seed.is_empty() && !scenario.probe.is_empty(),
            "{}",
            path.display()
        );
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(built_in(name).is_none(), "{name} is a draft and built in");
        read += 1;
    }
    assert_eq!(read, 10);
}
