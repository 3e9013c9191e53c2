//! A catalogue with everything that a page can show: tested and untested, stable and stale, claims of each kind, and hostile text.

use taster::record::{
    CATALOGUE_SCHEMA, Catalogue, CatalogueRecipe, CatalogueVersion, Claim, Feature, FindingCounts, Hop, Level,
    LevelReached, LintFinding, LintSummary, Outcome, Place, RepositoryLinks, RequiredStop, RunLink, ServiceImage,
    Services, Stability, StabilityWeek, Trouble, TroubleClass, Unreadable, Verdict,
};

pub(crate) const NASTY: &str = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">&amp; ]]> \" ' \u{1b}[31m";

/// Name, category, description, tags, level, stability, newest release.
type Row =
    (&'static str, &'static str, &'static str, &'static [&'static str], Option<(u8, bool)>, Option<f64>, &'static str);

const ROWS: [Row; 14] = [
    (
        "mastodon",
        "Apps",
        "Microblogging server of the fediverse, with timelines that nobody sorts for you",
        &["activitypub", "social"],
        Some((4, true)),
        Some(71.4),
        "2026-11-02",
    ),
    (
        "nextcloud",
        "Apps",
        "Files, calendars and contacts for a group, with an office beside them",
        &["files", "groupware", "caldav"],
        Some((7, false)),
        Some(93.2),
        "2026-10-20",
    ),
    (
        "keycloak",
        "Utilities",
        "Single sign-on for all the other apps",
        &["sso", "identity"],
        Some((5, true)),
        Some(84.0),
        "2026-09-30",
    ),
    (
        "hedgedoc",
        "Apps",
        "Write Markdown together, at the same time",
        &["editor", "markdown"],
        Some((8, false)),
        Some(96.9),
        "2026-11-15",
    ),
    (
        "backup-bot-two",
        "Utilities",
        "Backs up the volumes of every stack",
        &["restic"],
        Some((3, false)),
        Some(44.0),
        "2026-08-01",
    ),
    ("wordpress", "Apps", "Websites and blogs", &["cms", "blog"], Some((2, false)), Some(12.0), "2025-12-01"),
    ("discourse", "Apps", "A forum for long conversations", &["forum"], Some((0, false)), Some(3.0), "2026-01-11"),
    (
        "matrix-synapse",
        "Apps",
        "A homeserver for chat and calls across servers",
        &["chat", "matrix"],
        None,
        None,
        "2026-07-07",
    ),
    ("pixelfed", "Apps", "Share pictures with the fediverse", &["activitypub", "photos"], None, None, "2026-06-01"),
    ("Zzz", "", "", &[], None, None, "2024-02-29"),
    (
        "gitea",
        "Development",
        "Git with issues and pull requests, painless to host",
        &["git", "forge"],
        Some((6, true)),
        Some(88.8),
        "2026-11-19",
    ),
    (
        "loki",
        "Monitoring",
        "Keeps logs, and finds lines in them again",
        &["logs"],
        Some((1, false)),
        None,
        "2026-03-14",
    ),
    (
        "traefik",
        "Utilities",
        "The reverse proxy in front of all",
        &["proxy"],
        Some((5, false)),
        Some(80.0),
        "2026-10-01",
    ),
    (
        "peertube",
        "Apps",
        "Videos without a platform",
        &["video", "activitypub"],
        Some((4, false)),
        Some(66.0),
        "2026-05-05",
    ),
];

pub(crate) fn catalogue() -> Catalogue {
    let mut recipes: Vec<CatalogueRecipe> = ROWS.iter().map(plain).collect();
    for entry in &mut recipes {
        match entry.name.as_str() {
            "mastodon" => full(entry),
            "discourse" => {
                let reason = "cannot fetch https://git.example.coop/recipes/discourse.git: 404; was it renamed or removed? then correct the source";
                entry.stale = Some(Trouble { class: TroubleClass::NotFound, reason: reason.to_owned() });
            }
            _ => {}
        }
    }
    recipes.push(nasty());
    recipes.sort_by(|a, b| a.name.cmp(&b.name));
    Catalogue {
        schema: CATALOGUE_SCHEMA.to_owned(),
        taster: "0.1.0".to_owned(),
        as_of: Some("2026-11-20T10:11:12Z".to_owned()),
        title: Some("Recipes of the Example Commons".to_owned()),
        url: None,
        recipes,
        unreadable: vec![Unreadable {
            name: "lost".to_owned(),
            source: "https://git.example.coop/recipes/lost.git".to_owned(),
            trouble: Trouble { class: TroubleClass::Auth, reason: format!("it is private {NASTY}") },
        }],
        not_recipes: Vec::new(),
    }
}

fn services(image: &str, tag: &str) -> Services {
    let service = |image: &str, tag: &str| ServiceImage { image: image.to_owned(), tag: tag.to_owned() };
    [("app".to_owned(), service(image, tag)), ("db".to_owned(), service("postgres", "17.2-alpine"))]
        .into_iter()
        .collect()
}

fn version(version: &str, at: &str, image: &str, notes: Option<&str>) -> CatalogueVersion {
    CatalogueVersion {
        version: version.to_owned(),
        commit: "0123456789abcdef0123456789abcdef01234567".to_owned(),
        tagged_at: Some(format!("{at}T09:00:00Z")),
        annotated: true,
        services: services(image, version.split_once('+').map_or("1", |(_, upstream)| upstream)),
        release_notes: notes.map(ToOwned::to_owned),
        warnings: Vec::new(),
    }
}

fn plain((name, category, description, tags, level, stability, released): &Row) -> CatalogueRecipe {
    let mut entry = CatalogueRecipe {
        name: (*name).to_owned(),
        category: (*category).to_owned(),
        description: (*description).to_owned(),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        repository: RepositoryLinks {
            url: format!("https://git.example.coop/recipes/{name}.git"),
            ssh_url: String::new(),
            default_branch: "main".to_owned(),
        },
        commit: "0123456789abcdef0123456789abcdef01234567".to_owned(),
        committed_at: Some(format!("{released}T09:30:00Z")),
        versions: vec![version("1.0.0+1.0.0", released, name, None)],
        maintainers: if *name == "nextcloud" { vec!["Ada (ada@example.coop)".to_owned()] } else { Vec::new() },
        community: Some(*name != "loki"),
        ..CatalogueRecipe::default()
    };
    entry.features.sso = if *name == "nextcloud" { "3" } else { "No" }.to_owned();
    entry.level = level.map(|(level, at_least)| LevelReached {
        level,
        at_least,
        missing: if at_least {
            String::new()
        } else {
            format!("`install@smtp` failed: the service `app` of {name} exits with code 1")
        },
        run: "20261119-101112-x-abcd".to_owned(),
        commit: entry.commit.clone(),
        version: None,
    });
    entry.stability = stability.map(|score| Stability {
        score,
        median: score + 2.0,
        high: (score + 9.0).min(100.0),
        observations: 24,
        dimensions: Vec::new(),
    });
    entry
}

/// An entry in which nothing is absent.
fn full(entry: &mut CatalogueRecipe) {
    let names = [
        ("1.0.0+4.2.0", "2025-11-20"),
        ("1.1.0+4.2.8", "2026-01-15"),
        ("2.0.0+4.3.0", "2026-03-02"),
        ("2.1.0+4.3.4", "2026-05-20"),
        ("2.2.0+4.3.9-alpine", "2026-07-04"),
        ("3.0.0+4.4.0", "2026-09-09"),
        ("3.1.0+4.4.2", "2026-11-02"),
    ];
    let note = "# Before you upgrade\n\nThe search index is built anew, which takes **an hour**:\n\n* run `abra app cmd app reindex`\n* see [the notes](https://example.com/notes)\n\n```\nSECRET_VAPID_VERSION=v2\n```\n";
    entry.versions = names
        .iter()
        .map(|(name, at)| version(name, at, "ghcr.io/mastodon/mastodon", (*name == "3.1.0+4.4.2").then_some(note)))
        .collect();
    entry.website = Some("https://joinmastodon.org".to_owned());
    entry.upstream = Some("https://github.com/mastodon/mastodon".to_owned());
    entry.licence_file = Some("LICENSE".to_owned());
    entry.maintainers = vec!["Grace (grace@example.coop)".to_owned(), "Kim".to_owned()];
    entry.measured_status = Some(3);
    entry.features.status = 4;
    entry.backup_proof = Some("application (postgres)".to_owned());
    entry.start_seconds = Some(41.25);
    entry.peak_memory = Some(1_340_000_000);
    entry.disk = Some(3_100_000_000);
    entry.last_tested = Some("2026-11-19T10:11:12Z".to_owned());
    if let Some(level) = &mut entry.level {
        level.missing = "the linter finds 1 error: R010, `app` has no deploy label `traefik.enable=true`".to_owned();
        level.at_least = false;
    }
    let weeks = (0_u32..30).map(|week| {
        let score = (8.0 + 2.3 * f64::from(week) - if (14..19).contains(&week) { 9.0 } else { 0.0 }).min(71.4);
        let day = jiff::civil::date(2026, 4, 26).checked_add(jiff::Span::new().weeks(week)).unwrap();
        StabilityWeek {
            week: day.to_string(),
            value: score,
            low: score,
            high: (score + 26.0 - 0.5 * f64::from(week)).min(99.0),
        }
    });
    entry.stability_over_time = weeks.collect();
    let hop = |from: usize, to: usize, outcome: Outcome| Hop {
        from: names[from].0.to_owned(),
        to: names.get(to).map_or("candidate", |(name, _)| *name).to_owned(),
        outcome,
        reason: if outcome == Outcome::Passed {
            String::new()
        } else {
            "the migration `20240101_statuses` needs 4.3 first".to_owned()
        },
        run: "20261119-101112-mastodon-abcd".to_owned(),
    };
    use Outcome::{Failed, Passed};
    entry.upgrades = vec![
        hop(1, 2, Passed),
        hop(2, 3, Passed),
        hop(3, 4, Passed),
        hop(4, 5, Passed),
        hop(5, 6, Passed),
        hop(6, 7, Passed),
        hop(1, 5, Failed),
        hop(2, 5, Passed),
        hop(3, 6, Passed),
    ];
    entry.required_stops = vec![RequiredStop {
        release: "2.0.0+4.3.0".to_owned(),
        from: "1.1.0+4.2.8".to_owned(),
        fails_at: "3.0.0+4.4.0".to_owned(),
        service: None,
    }];
    let claim = |feature, claimed: &str, verdict, reason: &str| Claim {
        feature,
        claimed: claimed.to_owned(),
        verdict,
        reason: reason.to_owned(),
        run: (verdict == Verdict::Verified).then(|| "20261119-101112-mastodon-abcd".to_owned()),
    };
    entry.claims = vec![
        claim(Feature::Status, "4", Verdict::Unverified, ""),
        claim(
            Feature::Healthcheck,
            "Yes",
            Verdict::Verified,
            "the service `app` has a healthcheck, and it turned good after an install",
        ),
        claim(Feature::Backups, "Yes", Verdict::Verified, "a backup was restored after everything had been deleted"),
        claim(
            Feature::Image,
            "ghcr.io/mastodon/mastodon, 4, upstream",
            Verdict::Contradicted,
            "the service `app` runs `example/mastodon`, not the image that the README names",
        ),
        claim(Feature::Sso, "2", Verdict::Unverified, ""),
    ];
    let finding = |rule: &str, level, message: &str| LintFinding {
        rule: rule.to_owned(),
        name: "name".to_owned(),
        level,
        message: message.to_owned(),
        place: Some(Place { file: "compose.yml".to_owned(), release: None, span: None, label: String::new() }),
    };
    entry.lint = Some(LintSummary {
        counts: FindingCounts { error: 1, warn: 2, info: 0 },
        findings: vec![
            finding("R010", Level::Error, "`app` has no deploy label `traefik.enable=true`"),
            finding("R002", Level::Warn, "the service `sidekiq` has no healthcheck"),
            finding("C003", Level::Warn, "the config `nginx_conf` changed since 3.0.0+4.4.0 and kept its version"),
        ],
    });
    let run = |id: &str, outcome, level, screenshots: &[&str]| RunLink {
        run: format!("{id}-mastodon-abcd"),
        at: Some(format!("{}-{}-{}T10:11:12Z", &id[..4], &id[4..6], &id[6..8])),
        commit: Some(entry.commit.clone()),
        version: None,
        outcome,
        level,
        at_least: outcome == Outcome::Errored,
        path: format!("{id}-mastodon-abcd"),
        screenshots: screenshots.iter().map(|file| (*file).to_owned()).collect(),
    };
    entry.runs = vec![
        run("20261119-101112", Outcome::Failed, 4, &["smoke/front.png", "smoke/login.png", "../outside.png"]),
        run("20261112-101112", Outcome::Failed, 3, &[]),
        run("20261105-101112", Outcome::Errored, 0, &[]),
    ];
}

/// Hostile text wherever a recipe can put one.
fn nasty() -> CatalogueRecipe {
    let text = || NASTY.to_owned();
    let mut entry = plain(&("nasty", "Apps", NASTY, &[NASTY], Some((1, false)), Some(1.0), "2026-11-11"));
    entry.name = format!("<b>{NASTY}/../..");
    entry.category = text();
    entry.website = Some("javascript:document.title='owned'".to_owned());
    entry.upstream = Some(format!("https://example.com/\"onmouseover=\"{NASTY}"));
    entry.repository.url = format!("javascript:{NASTY}");
    entry.maintainers = vec![text()];
    entry.licence_file = Some(text());
    entry.backup_proof = Some(text());
    entry.warnings = vec![text()];
    entry.versions = vec![
        version(NASTY, "2026-11-11", NASTY, Some(NASTY)),
        version("1.0.0+<i>", "2026-11-10", "x", Some("[x](javascript:alert(1)) ![p](https://example.com/p.png)")),
    ];
    entry.claims = vec![Claim {
        feature: Feature::Email,
        claimed: text(),
        verdict: Verdict::Contradicted,
        reason: text(),
        run: Some(text()),
    }];
    entry.level = entry.level.map(|level| LevelReached { missing: text(), run: text(), ..level });
    entry.stability_over_time = ["2026-01-05", NASTY]
        .map(|week| StabilityWeek { week: week.to_owned(), value: 3.0, low: 3.0, high: 9.0 })
        .to_vec();
    entry.upgrades =
        vec![Hop { from: "1.0.0+<i>".to_owned(), to: text(), outcome: Outcome::Failed, reason: text(), run: text() }];
    entry.required_stops =
        vec![RequiredStop { release: text(), from: text(), fails_at: text(), service: Some(text()) }];
    entry.stale = Some(Trouble { class: TroubleClass::Network, reason: text() });
    entry.lint = Some(LintSummary {
        counts: FindingCounts { error: 0, warn: 0, info: 1 },
        findings: vec![LintFinding {
            rule: text(),
            name: text(),
            level: Level::Info,
            message: text(),
            place: Some(Place { file: text(), release: Some(text()), span: None, label: text() }),
        }],
    });
    entry.runs = vec![RunLink {
        run: text(),
        at: Some(text()),
        commit: Some(text()),
        version: Some(text()),
        outcome: Outcome::Passed,
        level: 1,
        at_least: false,
        path: "../../etc".to_owned(),
        screenshots: vec!["/etc/passwd".to_owned()],
    }];
    entry
}
