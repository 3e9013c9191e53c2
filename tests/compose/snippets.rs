//! Parity on small things: every corner of YAML in `yaml.txt`, and every kind of value in every field.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::case::Case;
use crate::parity::{in_parallel, judge, tally};

fn case(name: String, text: String) -> Case {
    let env = [("SET", "value"), ("HOME", "/home/taster")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    Case { name, files: vec![("compose.yml".to_owned(), text.into_bytes())], env: env.into(), others: BTreeMap::new() }
}

/// The snippets of `yaml.txt`, in which invisible characters are written in angle brackets.
fn snippets() -> Vec<String> {
    let marks = [
        ("<TAB>", "\t"),
        ("<CR>", "\r"),
        ("<NBSP>", "\u{a0}"),
        ("<LS>", "\u{2028}"),
        ("<NEL>", "\u{85}"),
        ("<BOM>", "\u{feff}"),
        ("<BEL>", "\u{7}"),
        ("<DEL>", "\u{7f}"),
        ("<NOEOL>\n", ""),
    ];
    let text = include_str!("yaml.txt");
    text.split("=====\n")
        .map(|snippet| marks.iter().fold(snippet.to_owned(), |text, (mark, char)| text.replace(mark, char)))
        .collect()
}

#[test]
fn corners_of_yaml() {
    let mut texts = snippets();
    assert!(texts.len() > 500, "yaml.txt has shrunk to {} snippets", texts.len());
    // Keys may have 1024 characters.
    for length in [1_000, 1_021, 1_022, 1_023, 1_024, 1_025, 2_000] {
        let long = "a".repeat(length);
        texts.extend([format!("x-{long}: b\n"), format!("\"x-{long}\": b\n"), format!("x-a: {{{long}: b}}\n")]);
        texts.extend([format!("? x-{long}\n: b\n"), format!("x-a: [{long}, b]\n")]);
    }
    let cases: Vec<Case> =
        texts.into_iter().enumerate().map(|(at, text)| case(format!("snippet {at}"), text)).collect();
    let counts = in_parallel(|| tally(cases.par_iter().map(judge).collect()));
    println!("(load, refused, deliberate): {counts:?}");
}

const VALUES: &[&str] = &[
    "5",
    "-5",
    "0",
    "1.0",
    "1.5",
    "-1.5",
    "\"5\"",
    "\"\"",
    "''",
    "text",
    "~",
    "true",
    "\"true\"",
    "yes",
    "[]",
    "{}",
    "[a]",
    "[5]",
    "[a, a]",
    "[~]",
    "{a: b}",
    "{a: 5}",
    "{a: }",
    "{a: true}",
    "{5: a}",
    "2001-01-01",
    ".inf",
    ".nan",
    "18446744073709551615",
    "9223372036854775808",
    "99999999999999999999",
    "1e400",
    "0777",
    "0x1F",
    "10s",
    "1h30m",
    "-5s",
    "\"0\"",
    "+5s",
    "1m30",
    "512M",
    "1.5g",
    "5 k",
    "-5m",
    "1e3",
    "\"80:80\"",
    "80",
    "\"80-82:80-82\"",
    "\"80/udp\"",
    "70000",
    "\"a:b\"",
    "\"/a:/b:ro\"",
    "a",
    "\"a b\"",
    "\"a 'b c' d\"",
    "\"a \\\"b\"",
    "\"$SET\"",
    "\"${NO}\"",
    "\"${NO:-5}\"",
    "\"${NO:-true}\"",
    "[[a]]",
    "[{a: b}]",
    "{a: [b]}",
    "{a: {b: c}}",
    "[\"a=b\", \"a=c\"]",
    "[1, 1.0]",
    "[1, \"1\"]",
    "\"80:80:80:80\"",
    "\"::1:80:80\"",
    "\"1.2.3.4:80\"",
    "\"80:\"",
    "\":80\"",
    "\"-\"",
    "5.0",
    "3000000000",
    "\"1_0\"",
    "0o17",
    "start-first",
];

/// Fields as the lines around their value, which stands at the `@`.
fn fields() -> Vec<String> {
    let service = |below: &str| format!("version: \"3.13\"\nservices:\n  app:\n    image: a\n{below}");
    let keys = "build cap_add cgroup_parent cgroupns_mode command configs container_name credential_spec depends_on deploy devices dns \
        domainname entrypoint environment expose external_links extra_hosts healthcheck hostname init ipc isolation labels links logging \
        networks oom_score_adj pid ports privileged read_only secrets shm_size stop_grace_period stop_signal sysctls tmpfs ulimits user \
        volumes working_dir x-a";
    let mut fields: Vec<String> = keys.split_whitespace().map(|key| service(&format!("    {key}: @\n"))).collect();
    let nested = "deploy.mode deploy.replicas deploy.labels deploy.update_config deploy.resources deploy.placement \
        deploy.update_config.parallelism deploy.update_config.delay deploy.update_config.max_failure_ratio deploy.update_config.order \
        deploy.resources.limits.cpus deploy.resources.limits.memory deploy.resources.limits.pids \
        deploy.resources.reservations.generic_resources deploy.restart_policy.max_attempts deploy.restart_policy.window \
        deploy.placement.preferences deploy.placement.max_replicas_per_node healthcheck.test healthcheck.interval healthcheck.retries \
        healthcheck.disable logging.driver logging.options ulimits.nofile ulimits.NOFILE networks.a networks.a.aliases \
        networks.a.ipv4_address networks.a.driver_opts build.context build.args build.shm_size build.cache_from build.extra_hosts \
        build.unknown credential_spec.file environment.A labels.A sysctls.A extra_hosts.A";
    fields.extend(nested.split_whitespace().map(|path| {
        service(&format!("    {}: @}}\n", path.replace('.', ": {")).replacen(
            "@}",
            &format!("@{}", "}".repeat(path.matches('.').count())),
            1,
        ))
    }));
    fields.extend(
        ["soft: @, hard: 5", "soft: 5, hard: @"]
            .map(|limits| service(&format!("    ulimits: {{nofile: {{{limits}}}}}\n"))),
    );
    let items =
        "ports.target ports.published ports.mode configs.source configs.mode configs.uid configs.MODE secrets.target";
    fields.extend(items.split_whitespace().filter_map(|path| {
        let (list, key) = path.split_once('.')?;
        Some(service(&format!("    {list}:\n      - {key}: @\n")))
    }));
    let mounts = "source target read_only consistency tmpfs bind volume";
    fields.extend(
        mounts.split_whitespace().map(|key| service(&format!("    volumes:\n      - type: tmpfs\n        {key}: @\n"))),
    );
    let lists = "ports volumes command environment labels expose dns extra_hosts configs networks tmpfs env_file";
    fields.extend(lists.split_whitespace().map(|list| service(&format!("    {list}:\n      - @\n"))));
    let object_keys =
        "name driver driver_opts external internal labels ipam file template_driver x-a x-cluster-spec attachable";
    for section in ["networks", "volumes", "secrets", "configs"] {
        fields.push(service(&format!("{section}:\n  o: @\n")));
        fields.push(service(&format!("{section}:\n  o:\n    external:\n      name: @\n")));
        fields.extend(object_keys.split_whitespace().map(|key| service(&format!("{section}:\n  o:\n    {key}: @\n"))));
    }
    fields.extend(
        ["version: @\nservices: {}\n", "version: \"3.8\"\nservices: @\n", "version: \"3.8\"\nfoo: @\n"]
            .map(str::to_owned),
    );
    fields
}

/// One in this many of all pairs of field and value is tried, so that the test takes seconds.
const SHARE: usize = 9;

#[test]
fn values_in_fields() {
    let fields = fields();
    let pairs: Vec<Case> = fields
        .iter()
        .flat_map(|field| VALUES.iter().map(move |value| (field, value)))
        .step_by(SHARE)
        .map(|(field, value)| case(format!("value {value}"), field.replacen('@', value, 1)))
        .collect();
    assert!(pairs.len() > 1_000, "only {} pairs are left", pairs.len());
    let counts = in_parallel(|| tally(pairs.par_iter().map(judge).collect()));
    println!("(load, refused, deliberate): {counts:?}");
}
