//! Files that cannot be loaded: told before any node is started, with the place, and with the exit code 1, as the recipe is at fault;
//! 2 when there is no recipe to try, or the scenario cannot be read (design.md §3.2).

use crate::compose::{app, routed};
use crate::support::{Recipe, taster};

/// The compose file of a small recipe that would be fine, with one line more at its end.
fn with(line: &str) -> String {
    format!("{}{line}\n", routed("", ""))
}

/// Nothing was started: whatever is wrong was found in the files.
#[track_caller]
fn refused(name: &str, compose: impl AsRef<[u8]>, words: &[&str]) {
    let said = Recipe::new(name, "").file("compose.yml", compose).taster(&[]);
    said.expect(1, words).expect(
        1,
        &["FAILED", "install failed", "restart, redeploy, backup, restore, smoke, upgrade, leftovers: blocked"],
    );
    assert!(!said.text.contains("node-ready") && !said.text.contains("engine "), "a node was started:\n{}", said.text);
    assert!(said.text.len() < 20_000, "the message is longer than anybody reads: {} bytes", said.text.len());
}

#[test]
fn no_such_path() {
    taster(&["test", "/no/such/recipe"]).expect(2, &["cannot read a recipe from /no/such/recipe", "no such path"]);
}

#[test]
fn a_folder_that_is_not_a_recipe() {
    Recipe::empty("nothing").taster(&[]).expect(2, &["is not a recipe", "compose.yml"]);
    Recipe::empty("text").file("README.md", "# Hello\n").taster(&[]).expect(2, &["is not a recipe"]);
}

#[test]
fn a_file_instead_of_a_folder() {
    let recipe = Recipe::new("file", &routed("", ""));
    let file = recipe.path().join("compose.yml");
    taster(&["test", file.to_str().unwrap()]).expect(2, &["is not a directory", "give the directory"]);
}

#[test]
fn a_revision_that_is_not_there() {
    Recipe::new("no-git", &routed("", "")).taster(&["--at", "1.0.0+1.0"]).expect(2, &["1.0.0+1.0", "git repository"]);
}

#[test]
fn a_tab_for_indentation() {
    refused("tab", "version: \"3.8\"\nservices:\n\tapp:\n\t\timage: a:1\n", &["compose.yml:3:1", "tab"]);
}

#[test]
fn an_alias_bomb() {
    let mut bomb =
        "version: \"3.8\"\nx-a: &a [\"lol\",\"lol\",\"lol\",\"lol\",\"lol\",\"lol\",\"lol\",\"lol\",\"lol\"]\n"
            .to_owned();
    for (name, of) in
        ["b", "c", "d", "e", "f", "g", "h", "i", "j"].iter().zip(["a", "b", "c", "d", "e", "f", "g", "h", "i"])
    {
        bomb.push_str(&format!("x-{name}: &{name} [{}]\n", vec![format!("*{of}"); 9].join(",")));
    }
    bomb.push_str("services:\n  app:\n    image: a:1\n    labels: *j\n");
    refused("bomb", bomb, &["compose.yml:", "alias"]);
}

#[test]
fn a_cycle_of_anchors() {
    refused(
        "cycle",
        "version: \"3.8\"\nservices:\n  app: &app\n    image: a:1\n    labels: *app\n",
        &["compose.yml:5:", "app"],
    );
}

#[test]
fn a_compose_file_of_50_mb() {
    let mut large = routed("", "").into_bytes();
    large.resize(50_000_000, b'#');
    refused("large", large, &["cannot load the compose files", "`compose.yml` has 50000000 bytes", "are not read"]);
    // Smaller than what is read, larger than what is parsed.
    let mut large = routed("", "").into_bytes();
    large.resize(5_000_000, b'#');
    refused("large", large, &["compose.yml", "5000000 bytes, and at most"]);
}

#[test]
fn bytes_that_are_not_utf8() {
    refused("bytes", b"version: \"3.8\"\nservices:\n  app:\n    image: \xff\xfe\n", &["compose.yml:4:12", "UTF-8"]);
}

#[test]
fn an_unknown_key() {
    refused("unknown", routed("enviroment:\n  A: b", ""), &["compose.yml:8:5", "enviroment", "environment"]);
}

#[test]
fn a_wrong_type() {
    refused("type", routed("environment: 5", ""), &["compose.yml:8:18", "environment"]);
    refused("replicas", routed("", "replicas: many"), &["compose.yml:", "replicas", "many"]);
}

#[test]
fn no_services() {
    refused("none", "version: \"3.8\"\n", &["define no service", "nothing to try"]);
    refused("none", "version: \"3.8\"\nservices: {}\n", &["define no service"]);
}

#[test]
fn a_required_variable_that_nobody_set() {
    let compose = routed("environment:\n  - KEY=${API_KEY:?get one from the provider}", "");
    refused("required", compose, &["compose.yml:9:", "API_KEY", "get one from the provider"]);
}

#[test]
fn an_overlay_that_is_not_there() {
    let recipe = Recipe::new("overlay", &routed("", ""))
        .file(".env.sample", "DOMAIN=a.example.com\nCOMPOSE_FILE=\"compose.yml:compose.smtp.yml\"\n");
    recipe.taster(&[]).expect(
        1,
        &["COMPOSE_FILE names compose.smtp.yml", "COMPOSE_FILE=compose.yml:compose.smtp.yml", "take it out"],
    );
}

#[test]
fn lesson_25_a_secret_name_over_64_characters_is_told_with_the_arithmetic() {
    let long = "a_password_for_the_administrator_of_the_whole_thing_and_its_sibling";
    let compose = format!(
        "{}secrets:\n  pw:\n    external: true\n    name: ${{STACK_NAME}}_{long}_${{SECRET_PW_VERSION}}\n",
        routed("secrets:\n  - pw", "")
    );
    let recipe = Recipe::new("long", &compose).file(".env.sample", "DOMAIN=a.example.com\nSECRET_PW_VERSION=v1\n");
    recipe.taster(&[]).expect(1, &[long, "64"]);
}

#[test]
fn a_service_that_uses_what_nobody_defines() {
    refused("undefined", routed("secrets:\n  - nobody", ""), &["app", "nobody", "secrets"]);
    refused("network", routed("networks:\n  - elsewhere", ""), &["app", "elsewhere", "networks"]);
}

#[test]
fn a_secret_whose_variable_is_spelled_differently() {
    let compose = format!(
        "{}secrets:\n  orchid:\n    external: true\n    name: ${{STACK_NAME}}_orchid_${{SECRET_ORCHID_VERSION}}\n",
        routed("secrets:\n  - orchid", "")
    );
    let recipe = Recipe::new("orchid", &compose).file(".env.sample", "DOMAIN=a.example.com\nSECRET_ORCID_VERSION=v1\n");
    recipe.taster(&[]).expect(
        1,
        &[
            "the secret `orchid`",
            "no variable of .env.sample makes it",
            "SECRET_ORCID_VERSION",
            "SECRET_ORCHID_VERSION=v1",
        ],
    );
}

#[test]
fn a_config_whose_file_is_not_there() {
    let compose = format!(
        "{}configs:\n  nginx:\n    name: ${{STACK_NAME}}_nginx_v1\n    file: nginx.conf\n",
        routed("configs:\n  - nginx", "")
    );
    refused("config", compose, &["config `nginx`", "nginx.conf"]);
}

#[test]
fn a_config_that_leaves_the_recipe() {
    let compose = format!("{}configs:\n  shadow:\n    file: ../../../etc/passwd\n", routed("configs:\n  - shadow", ""));
    refused("leaves", compose, &["config `shadow`", "../../../etc/passwd"]);
}

#[test]
fn a_scenario_with_an_unknown_key_is_a_fault_of_configuration() {
    let recipe = Recipe::new("scenario", &routed("", ""));
    let words = ["tests/taster.toml:2:1", "unknown field `pth`", "did you mean `path`?"];
    recipe.scenario("[ready]\npth = \"/login\"\n").taster(&[]).expect(2, &words);
}

#[test]
fn a_scenario_with_a_wrong_type_is_a_fault_of_configuration() {
    let recipe = Recipe::new("scenario", &routed("", ""));
    recipe.scenario("[ready]\nstatus = \"ok\"\n").taster(&[]).expect(2, &["tests/taster.toml:2:10"]);
    let recipe = Recipe::new("scenario", &routed("", ""));
    recipe.taster(&["--scenario", "/no/such.toml"]).expect(2, &["/no/such.toml"]);
}

#[test]
fn a_step_that_does_not_exist() {
    Recipe::new("step", &routed("", "")).taster(&["--step", "instal"]).expect(2, &["instal", "install"]);
}

#[test]
fn what_reaches_out_of_its_containers_is_not_tried_untrusted() {
    let cases = [
        ("volumes:\n  - /var/run/docker.sock:/var/run/docker.sock", "the engine itself"),
        ("volumes:\n  - /:/host", "the host's files (/)"),
        ("volumes:\n  - /etc/shadow:/shadow", "/etc/shadow"),
        ("cap_add:\n  - NET_ADMIN", "the capability NET_ADMIN"),
    ];
    for (lines, what) in cases {
        let said = Recipe::new("demands", &routed(lines, "")).taster(&[]);
        said.expect(4, &["NOT TESTED", "the recipe reaches out of its containers", what, "--trust"]);
    }
    let host = app("networks:\n  - host", "", "").replacen("  proxy:\n", "  host:\n    external: true\n  proxy:\n", 1);
    Recipe::new("demands", &host).taster(&[]).expect(4, &["the host's network", "--trust"]);
    // The usual spelling of a parent must not hide where a path leads.
    let said = Recipe::new("demands", &routed("volumes:\n  - /srv/../etc/shadow:/shadow", "")).taster(&[]);
    said.expect(4, &["--trust"]);
}

#[test]
fn the_last_line_of_a_file_may_lack_its_end() {
    // The counterpart of everything above: an irregular file that is fine must not be refused for its form. Here the image is wrong.
    let compose = with("").replace("taster-demo:2.0", "taster-demo:no-such-tag");
    let tried = Recipe::new("fine", &format!("---\n{}", compose.trim_end())).install();
    let said = crate::support::everything(&tried.ended.summary.steps[0]);
    assert!(said.contains("taster-demo:no-such-tag") && !said.contains("cannot load"), "{said}");
}
