//! What compose files of format 3.0 to 3.13 may hold, as the swarm loader of docker/cli sees it.
//!
//! Written from its JSON Schemas; the parity test holds the two together. `since` and `until` are minor versions.

use super::rule::{Keys, Kind, Notation, Object, Others, Rule, field, field_since, field_until};

const TEXT: Rule = Rule::Scalar(&[Kind::Text]);
const BOOLEAN: Rule = Rule::Scalar(&[Kind::Boolean]);
const INTEGER: Rule = Rule::Scalar(&[Kind::Integer]);
const NUMBER: Rule = Rule::Scalar(&[Kind::Number]);
const DURATION: Rule = Rule::Text(Notation::Duration);

const TEXTS: Rule = Rule::List { item: &TEXT, unique: false };
const UNIQUE_TEXTS: Rule = Rule::List { item: &TEXT, unique: true };
const TEXT_OR_TEXTS: Rule = Rule::Either(&[TEXT, TEXTS]);
const TEXT_OR_UNIQUE_TEXTS: Rule = Rule::Either(&[TEXT, UNIQUE_TEXTS]);

/// Labels, environment and the like: a mapping, or a list of `key=value`.
const PAIRS: Rule = Rule::Either(&[
    Rule::Object(Object::map(Keys::NotEmpty, &Rule::Scalar(&[Kind::Text, Kind::Number, Kind::Null]), false)),
    UNIQUE_TEXTS,
]);

const OPTIONS: Rule = Rule::Object(Object::map(Keys::OneLine, &Rule::Scalar(&[Kind::Text, Kind::Number]), true));

/// The whole file.
pub(super) static FILE: Rule = Rule::Object(
    Object::closed(&[
        field("version", TEXT),
        field("services", Rule::Object(Object::map(Keys::Name, &SERVICE, false))),
        field("networks", Rule::Object(Object::map(Keys::Name, &NETWORK, true))),
        field("volumes", Rule::Object(Object::map(Keys::Name, &VOLUME, false))),
        field_since(1, "secrets", Rule::Object(Object::map(Keys::Name, &SECRET, false))),
        field_since(3, "configs", Rule::Object(Object::map(Keys::Name, &CONFIG, false))),
    ])
    .extensible(4),
);

const SERVICE: Rule = Rule::Object(
    Object::closed(&[
        field("build", Rule::Either(&[TEXT, BUILD])),
        field("cap_add", UNIQUE_TEXTS),
        field("cap_drop", UNIQUE_TEXTS),
        field("cgroup_parent", TEXT),
        field_since(9, "cgroupns_mode", TEXT),
        field("command", TEXT_OR_TEXTS),
        field_since(3, "configs", FILE_REFERENCES),
        field("container_name", TEXT),
        field_since(
            3,
            "credential_spec",
            Rule::Object(Object::closed(&[
                field_since(8, "config", TEXT),
                field("file", TEXT),
                field("registry", TEXT),
            ])),
        ),
        field("depends_on", UNIQUE_TEXTS),
        field("deploy", DEPLOY),
        field("devices", UNIQUE_TEXTS),
        field("dns", TEXT_OR_UNIQUE_TEXTS),
        field("dns_search", TEXT_OR_UNIQUE_TEXTS),
        field("domainname", TEXT),
        field("entrypoint", TEXT_OR_TEXTS),
        field("env_file", TEXT_OR_UNIQUE_TEXTS),
        field("environment", PAIRS),
        field("expose", Rule::List { item: &Rule::Scalar(&[Kind::Text, Kind::Number]), unique: true }),
        field("external_links", UNIQUE_TEXTS),
        field("extra_hosts", PAIRS),
        field("healthcheck", HEALTHCHECK),
        field("hostname", TEXT),
        field("image", TEXT),
        field_since(7, "init", BOOLEAN),
        field("ipc", TEXT),
        field_since(5, "isolation", TEXT),
        field("labels", PAIRS),
        field("links", UNIQUE_TEXTS),
        field("logging", LOGGING),
        field("mac_address", TEXT),
        field("network_mode", TEXT),
        field(
            "networks",
            Rule::Either(&[UNIQUE_TEXTS, Rule::Object(Object::map(Keys::Name, &SERVICE_NETWORK, false))]),
        ),
        field_since(13, "oom_score_adj", INTEGER),
        field("pid", Rule::Scalar(&[Kind::Text, Kind::Null])),
        field_until(1, "ports", Rule::List { item: &Rule::Text(Notation::Ports), unique: true }),
        field_since(2, "ports", Rule::List { item: &Rule::Either(&[Rule::Text(Notation::Ports), PORT]), unique: true }),
        field("privileged", BOOLEAN),
        field("read_only", BOOLEAN),
        field("restart", TEXT),
        field_since(1, "secrets", FILE_REFERENCES),
        field("security_opt", UNIQUE_TEXTS),
        field("shm_size", Rule::Scalar(&[Kind::Number, Kind::Text])),
        field("stdin_open", BOOLEAN),
        field("stop_grace_period", DURATION),
        field("stop_signal", TEXT),
        field("sysctls", PAIRS),
        field("tmpfs", TEXT_OR_UNIQUE_TEXTS),
        field("tty", BOOLEAN),
        field("ulimits", Rule::Object(Object::map(Keys::Lowercase, &Rule::Either(&[INTEGER, ULIMIT]), true))),
        field("user", TEXT),
        field("userns_mode", TEXT),
        field_until(1, "volumes", UNIQUE_TEXTS),
        field_since(2, "volumes", Rule::List { item: &Rule::Either(&[TEXT, MOUNT]), unique: false }),
        field("working_dir", TEXT),
    ])
    .extensible(7),
);

const BUILD: Rule = Rule::Object(Object {
    fields: &[
        field("context", TEXT),
        field("dockerfile", TEXT),
        field("args", PAIRS),
        field_since(3, "labels", PAIRS),
        field_since(2, "cache_from", UNIQUE_TEXTS),
        field_since(4, "network", TEXT),
        field_since(4, "target", TEXT),
        field_since(5, "shm_size", Rule::Scalar(&[Kind::Integer, Kind::Text])),
        field_since(9, "extra_hosts", PAIRS),
    ],
    others: Others::FreeSince(11),
    extensions_since: None,
    required: &[],
});

const FILE_REFERENCES: Rule = Rule::List {
    item: &Rule::Either(&[
        TEXT,
        Rule::Object(Object::open(&[
            field("source", TEXT),
            field("target", TEXT),
            field("uid", TEXT),
            field("gid", TEXT),
            field("mode", NUMBER),
        ])),
    ]),
    unique: false,
};

const LOGGING: Rule = Rule::Object(Object::closed(&[
    field("driver", TEXT),
    field(
        "options",
        Rule::Object(Object::map(Keys::OneLine, &Rule::Scalar(&[Kind::Text, Kind::Number, Kind::Null]), true)),
    ),
]));

const SERVICE_NETWORK: Rule = Rule::Either(&[
    Rule::Object(Object::closed(&[
        field("aliases", UNIQUE_TEXTS),
        field_since(13, "driver_opts", OPTIONS),
        field("ipv4_address", TEXT),
        field("ipv6_address", TEXT),
    ])),
    Rule::Scalar(&[Kind::Null]),
]);

const PORT: Rule = Rule::Object(Object::closed(&[
    field("mode", TEXT),
    field("target", INTEGER),
    field("published", INTEGER),
    field("protocol", TEXT),
]));

const ULIMIT: Rule =
    Rule::Object(Object::closed(&[field("hard", INTEGER), field("soft", INTEGER)]).requiring(&["soft", "hard"]));

const MOUNT: Rule = Rule::Object(
    Object::closed(&[
        field("type", TEXT),
        field("source", TEXT),
        field("target", TEXT),
        field("read_only", BOOLEAN),
        field("consistency", TEXT),
        field("bind", Rule::Object(Object::open(&[field("propagation", TEXT)]))),
        field("volume", Rule::Object(Object::open(&[field("nocopy", BOOLEAN)]))),
        field_since(6, "tmpfs", Rule::Object(Object::open(&[field("size", Rule::Natural)]))),
    ])
    .requiring(&["type"]),
);

const HEALTHCHECK: Rule = Rule::Object(Object::closed(&[
    field("disable", BOOLEAN),
    field_until(3, "interval", TEXT),
    field_since(4, "interval", DURATION),
    field("retries", NUMBER),
    field("test", TEXT_OR_TEXTS),
    field_until(3, "timeout", TEXT),
    field_since(4, "timeout", DURATION),
    field_since(4, "start_period", DURATION),
    field_since(12, "start_interval", DURATION),
]));

const DEPLOY: Rule = Rule::Either(&[
    Rule::Object(Object::closed(&[
        field("mode", TEXT),
        field_since(2, "endpoint_mode", TEXT),
        field("replicas", INTEGER),
        field("labels", PAIRS),
        field("update_config", UPDATE),
        field_since(7, "rollback_config", UPDATE),
        field("resources", RESOURCES),
        field(
            "restart_policy",
            Rule::Object(Object::closed(&[
                field("condition", TEXT),
                field("delay", DURATION),
                field("max_attempts", INTEGER),
                field("window", DURATION),
            ])),
        ),
        field(
            "placement",
            Rule::Object(Object::closed(&[
                field("constraints", TEXTS),
                field_since(
                    3,
                    "preferences",
                    Rule::List { item: &Rule::Object(Object::closed(&[field("spread", TEXT)])), unique: false },
                ),
                field_since(8, "max_replicas_per_node", INTEGER),
            ])),
        ),
    ])),
    Rule::Scalar(&[Kind::Null]),
]);

const UPDATE: Rule = Rule::Object(Object::closed(&[
    field("parallelism", INTEGER),
    field("delay", DURATION),
    field("failure_action", TEXT),
    field("monitor", DURATION),
    field("max_failure_ratio", NUMBER),
    field_since(4, "order", Rule::Text(Notation::UpdateOrder)),
]));

const RESOURCES: Rule = Rule::Object(Object::closed(&[
    field(
        "limits",
        Rule::Object(Object::closed(&[field("cpus", TEXT), field("memory", TEXT), field_since(9, "pids", INTEGER)])),
    ),
    field(
        "reservations",
        Rule::Object(Object::closed(&[
            field("cpus", TEXT),
            field("memory", TEXT),
            field_since(5, "generic_resources", GENERIC_RESOURCES),
        ])),
    ),
]));

const GENERIC_RESOURCES: Rule = Rule::List {
    item: &Rule::Object(Object::closed(&[field(
        "discrete_resource_spec",
        Rule::Object(Object::closed(&[field("kind", TEXT), field("value", NUMBER)])),
    )])),
    unique: false,
};

const EXTERNAL: Rule = Rule::Either(&[BOOLEAN, Rule::Object(Object::closed(&[field("name", TEXT)]))]);
const OPEN_EXTERNAL: Rule = Rule::Either(&[BOOLEAN, Rule::Object(Object::open(&[field("name", TEXT)]))]);

const NETWORK: Rule = Rule::Either(&[
    Rule::Object(
        Object::closed(&[
            field_since(5, "name", TEXT),
            field("driver", TEXT),
            field("driver_opts", OPTIONS),
            field(
                "ipam",
                Rule::Object(Object::closed(&[
                    field("driver", TEXT),
                    field(
                        "config",
                        Rule::List { item: &Rule::Object(Object::closed(&[field("subnet", TEXT)])), unique: false },
                    ),
                ])),
            ),
            field("external", EXTERNAL),
            field("internal", BOOLEAN),
            field_since(2, "attachable", BOOLEAN),
            field("labels", PAIRS),
        ])
        .extensible(7),
    ),
    Rule::Scalar(&[Kind::Null]),
]);

const VOLUME: Rule = Rule::Either(&[
    Rule::Object(
        Object::closed(&[
            field_since(4, "name", TEXT),
            field("driver", TEXT),
            field("driver_opts", OPTIONS),
            field("external", EXTERNAL),
            field("labels", PAIRS),
            field_since(10, "x-cluster-spec", CLUSTER_VOLUME),
        ])
        .extensible(7),
    ),
    Rule::Scalar(&[Kind::Null]),
]);

const CLUSTER_VOLUME: Rule = Rule::Object(Object::open(&[
    field("group", TEXT),
    field(
        "access_mode",
        Rule::Object(Object::open(&[
            field("scope", TEXT),
            field("sharing", TEXT),
            field("block_volume", Rule::Object(Object::open(&[]))),
            field("mount_volume", Rule::Object(Object::open(&[field("fs_type", TEXT), field("mount_flags", TEXTS)]))),
        ])),
    ),
    field(
        "accessibility_requirements",
        Rule::Object(Object::open(&[field("requisite", TOPOLOGIES), field("preferred", TOPOLOGIES)])),
    ),
    field("capacity_range", Rule::Object(Object::open(&[field("required_bytes", TEXT), field("limit_bytes", TEXT)]))),
    field("availability", TEXT),
]));

const TOPOLOGIES: Rule = Rule::List { item: &Rule::Object(Object::open(&[field("segments", PAIRS)])), unique: false };

const SECRET: Rule = Rule::Object(
    Object::closed(&[
        field_since(5, "name", TEXT),
        field("file", TEXT),
        field("external", OPEN_EXTERNAL),
        field("labels", PAIRS),
        field_since(8, "driver", TEXT),
        field_since(8, "driver_opts", OPTIONS),
        field_since(8, "template_driver", TEXT),
    ])
    .extensible(7),
);

const CONFIG: Rule = Rule::Object(
    Object::closed(&[
        field_since(5, "name", TEXT),
        field("file", TEXT),
        field("external", OPEN_EXTERNAL),
        field("labels", PAIRS),
        field_since(8, "template_driver", TEXT),
    ])
    .extensible(7),
);
