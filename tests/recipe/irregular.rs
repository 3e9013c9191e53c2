//! Every irregularity of recipe-format.md §1 that touches this module: survived, and told with its place.

use std::fs;
use std::path::PathBuf;

use taster::recipe::Recipe;

use crate::repository::REGULAR;

/// A directory with the regular recipe, changed.
struct Case {
    _dir: tempfile::TempDir,
    path: PathBuf,
}

impl Case {
    fn regular() -> Case {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("demo");
        let case = Case { _dir: dir, path };
        REGULAR.into_iter().fold(case, |case, (path, text)| case.with(path, text))
    }

    fn with(self, path: &str, bytes: impl AsRef<[u8]>) -> Case {
        let file = self.path.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
        self
    }

    fn without(self, path: &str) -> Case {
        fs::remove_file(self.path.join(path)).unwrap();
        self
    }

    fn read(&self) -> (Recipe, Vec<String>) {
        let recipe = Recipe::from_work_tree(&self.path).unwrap_or_else(|error| panic!("{error}"));
        let told = recipe.irregularities.iter().map(ToString::to_string).collect();
        (recipe, told)
    }

    fn told(&self) -> Vec<String> {
        self.read().1
    }
}

#[test]
fn files_that_are_missing_or_elsewhere() {
    assert_eq!(Case::regular().told(), [""; 0]);
    assert_eq!(Case::regular().without("abra.sh").told(), ["there is no abra.sh"]);
    assert_eq!(Case::regular().without(".env.sample").told(), ["there is no .env.sample"]);
    assert_eq!(Case::regular().without("README.md").told(), ["there is no README.md, so the recipe has no metadata"]);
    let overlay = Case::regular().without("compose.yml").with("compose.smtp.yml", "services: {}\n");
    assert_eq!(overlay.told(), ["there is no compose.yml in the root, only overlays or a file of another name"]);
    let nested = Case::regular().without(".env.sample").without("abra.sh").with("docker/.env.sample", "A=b\n");
    let (recipe, told) = nested.read();
    let elsewhere = "docker/.env.sample: `.env.sample` lies in a sub-folder only; abra looks for it in the root, so it was not used";
    assert_eq!(told, ["there is no abra.sh", elsewhere]);
    assert_eq!(recipe.env_sample, None);
}

#[test]
fn compose_files_are_kept_byte_for_byte_whatever_they_look_like() {
    for text in [
        "---\nservices:\n  app:\n    image: x",
        "x-a: &a {b: c}\nservices:\n  app:\n    <<: *a\n    deploy: {labels: [a=b]}\n",
        "services:\r\n  app:\r\n    image: {{ .Name }}\r\n",
        "\tnot yaml \u{1}",
        "",
    ] {
        let (recipe, told) = Case::regular().with("compose.yml", text).read();
        assert_eq!(told, [""; 0]);
        assert_eq!(recipe.tree.get("compose.yml").unwrap().text(), Some(text));
    }
    let (recipe, _) = Case::regular().with("compose.yml", b"image: \xff\xfe").read();
    let file = recipe.tree.get("compose.yml").unwrap();
    assert_eq!((file.text(), file.bytes.as_ref()), (None, &b"image: \xff\xfe"[..]));
}

#[test]
fn an_applications_own_repository_doubles_as_recipe() {
    let mut case =
        Case::regular().with("src/.env.sample", "X=1\n").with("src/compose.yml", "").with("go.mod", "module x\n");
    for number in 0..500 {
        case = case.with(&format!("src/{}/{number}.go", number % 7), "package x\n");
    }
    let (recipe, told) = case.read();
    assert_eq!(told, [""; 0]);
    assert_eq!(recipe.tree.len(), REGULAR.len() + 503);
    assert_eq!(recipe.env_sample.unwrap().value("X"), None);
}

#[test]
fn templates_that_nobody_rendered() {
    let case = Case::regular()
        .with(".env.sample", "TYPE={{ .Name }}\n\nDOMAIN={{ .Name }}.example.com\n\n{{ if .X }}\n")
        .with("abra.sh", "export {{ .Name }}_VERSION=v1\nexport A_VERSION=v2\n")
        .with("README.md", "# {{ .Name }}\n\n> {{ .Description }}\n\n<!-- metadata -->\n\n* **Category**: Apps\n* **Status**: 0\n* **Image**: [`{{ .Name }}`](https://hub.docker.com/r/{{ .Name }}), 4, upstream\n* **Healthcheck**: No\n* **Backups**: No\n* **Email**: No\n* **Tests**: No\n* **SSO**: No\n\n<!-- endmetadata -->\n");
    let (recipe, told) = case.read();
    let expected = [
        ".env.sample:1: `TYPE={{ .Name }}` names another recipe than the repository, `demo`; abra goes by the repository's name",
        ".env.sample:5: not an assignment `NAME=value`; the line was skipped",
    ];
    assert_eq!(told, expected);
    assert_eq!(recipe.name, "demo");
    assert_eq!(recipe.abra_sh.unwrap().exported(), [("A_VERSION", "v2")]);
    assert_eq!(recipe.readme.unwrap().name.as_deref(), Some("{{ .Name }}"));
}

#[test]
fn the_problems_of_every_parser_come_with_their_file_and_line() {
    let case = Case::regular()
        .with(".env.sample", "TYPE=demo\nexport DOMAIN=x\nSECRET_A_VERSION=v1 # lenght=3\n")
        .with("abra.sh", "export A='v1\n")
        .with("README.md", REGULAR[3].1.replace("3, stable", "❹💣").replace("<!-- endmetadata -->\n", ""))
        .with("release/2.0.0+1", "Do this.\n")
        .with("release/10.0.0+1", "Later.\n")
        .with("release/next", "Soon.\n")
        .with("release/3.0.0+1", " \n")
        .with("release/1.0.0", "no upstream\n")
        .with("release/2.1.0+1", b"\xff\n");
    let (recipe, told) = case.read();
    let expected = [
        ".env.sample:2: `export` does not belong into an .env file; it was skipped",
        ".env.sample:3: `lenght` is not a known modifier of a secret; it was ignored",
        "README.md:8: `Status` is `❹💣`, from an old inverted scale of emoji; it counts as 0",
        "README.md:15: the metadata block is not closed by `<!-- endmetadata -->`; it was taken to reach to the end",
        "abra.sh:1: the single quote that opens here is not closed",
        "release/1.0.0: the file's name is neither a version nor `next`, so no release gets the note: it has no `+<upstream>` part; a recipe version names the app's version too, for example `1.0.0+2.4.1`",
        "release/2.1.0+1: the release note is not UTF-8; unreadable characters were replaced",
        "release/3.0.0+1: the release note is empty",
    ];
    assert_eq!(told, expected);
    let versions: Vec<_> = recipe.release_notes.by_version.iter().map(|(version, _)| version.to_string()).collect();
    assert_eq!(versions, ["2.0.0+1", "2.1.0+1", "3.0.0+1", "10.0.0+1"]);
    let note = recipe.release_notes.of(&"2.0.0+1".parse().unwrap()).unwrap();
    assert_eq!((note.path.as_str(), note.text.as_str()), ("release/2.0.0+1", "Do this.\n"));
    assert_eq!(recipe.release_notes.next.unwrap().text, "Soon.\n");
}

#[test]
fn texts_that_are_no_text() {
    let (recipe, told) = Case::regular().with(".env.sample", b"TYPE=demo\nA=\xff\xfe\n").read();
    assert_eq!(told, [".env.sample: it is not UTF-8; unreadable characters were replaced"]);
    assert_eq!(recipe.env_sample.unwrap().value("A"), Some("\u{fffd}\u{fffd}"));

    let case = Case::regular().without(".env.sample").without("README.md");
    std::os::unix::fs::symlink("/etc/passwd", case.path.join(".env.sample")).unwrap();
    fs::create_dir(case.path.join("README.md")).unwrap();
    fs::write(case.path.join("README.md/x"), "").unwrap();
    let (recipe, told) = case.read();
    assert_eq!((recipe.env_sample, recipe.readme), (None, None));
    let leaves = ".env.sample: it cannot be read: `.env.sample` leads out of the recipe through the symbolic link `.env.sample`; a recipe may only name files of its own repository";
    assert_eq!(told, ["there is no README.md, so the recipe has no metadata", leaves]);
}

#[test]
fn a_linked_sample_inside_the_recipe_is_followed() {
    let case = Case::regular().without(".env.sample").with("env/sample", "TYPE=demo\nA=b\n");
    std::os::unix::fs::symlink("env/sample", case.path.join(".env.sample")).unwrap();
    let (recipe, told) = case.read();
    assert_eq!(told, [""; 0]);
    assert_eq!(recipe.env_sample.unwrap().value("A"), Some("b"));
}
