use super::*;
use proptest::prelude::*;

fn block(lines: &str) -> Readme {
    Readme::parse(&format!("# App\n\n<!-- metadata -->\n\n{lines}\n\n<!-- endmetadata -->\n"))
}

fn metadata(lines: &str) -> Metadata {
    block(lines).metadata.unwrap()
}

/// The problems, without those about fields that the short examples leave out.
fn told(readme: &Readme) -> Vec<String> {
    let told = readme.problems.iter().filter(|problem| !problem.what.ends_with("is missing from the metadata block"));
    told.map(|problem| format!("{}: {}", problem.line, problem.what)).collect()
}

const TEMPLATE: &str = "* **Category**: Apps
* **Status**: 3, stable
* **Image**: [`wordpress`](https://hub.docker.com/_/wordpress), 4, upstream
* **Healthcheck**: Yes
* **Backups**: Yes
* **Email**: 3
* **Tests**: 2
* **SSO**: No
* **Maintainer**: [@somebody](https://example.com), me@example.com";

#[test]
fn reads_the_template() {
    let readme = block(TEMPLATE);
    assert_eq!(readme.problems, []);
    let metadata = readme.metadata.unwrap();
    assert_eq!((metadata.value("category"), metadata.status(), metadata.line), ("Apps", 3, 3));
    assert_eq!(metadata.maintainer(), Some("[@somebody](https://example.com), me@example.com"));
    let parts = ["wordpress", "https://hub.docker.com/_/wordpress", "4", "upstream"];
    let [name, url, rating, source] = parts.map(ToOwned::to_owned);
    assert_eq!(metadata.image(), Some(Image { name, url, rating, source }));
}

#[test]
fn reads_other_bullets_and_blank_lines_and_colons_inside() {
    let lines = TEMPLATE
        .replace("* **Category**:", "- **Category:**")
        .replace("* **Email**:", "+   ** Email ** :")
        .replace('\n', "\n\n");
    let readme = block(&lines);
    assert_eq!(readme.problems, []);
    let metadata = readme.metadata.unwrap();
    assert_eq!((metadata.value("Category"), metadata.value("Email")), ("Apps", "3"));
    let windows = format!("<!--  Metadata-->\r\n{}\r\n<!-- EndMetadata -->\r\n", TEMPLATE.replace('\n', "\r\n"));
    assert_eq!(Readme::parse(&windows).metadata.unwrap().fields.len(), 9);
}

#[test]
fn every_irregular_value_is_survived_and_told() {
    let number = "and a number from 0 to 5 is needed; it counts as 0";
    for (value, status, problem) in [
        ("0", 0, None),
        ("1, alpha", 1, None),
        ("5", 5, None),
        ("?", 0, Some("6: `Status` is `?`: nobody filled it in".to_owned())),
        ("❹💣", 0, Some("6: `Status` is `❹💣`, from an old inverted scale of emoji; it counts as 0".to_owned())),
        ("", 0, Some("6: `Status` is empty".to_owned())),
        ("stable", 0, Some(format!("6: `Status` is `stable`, {number}"))),
        ("9", 0, Some(format!("6: `Status` is `9`, {number}"))),
        ("3.5", 0, Some(format!("6: `Status` is `3.5`, {number}"))),
        ("33333333333333333333", 0, Some(format!("6: `Status` is `33333333333333333333`, {number}"))),
    ] {
        let readme = block(&TEMPLATE.replace("3, stable", value));
        assert_eq!(told(&readme), Vec::from_iter(problem), "{value}");
        assert_eq!(readme.metadata.unwrap().status(), status, "{value}");
    }
    for image in ["wordpress", "[`wordpress`](https://x), 4", "?", ""] {
        let readme = block(&format!("* **Image**: {image}"));
        assert_eq!(told(&readme).len(), 1, "{image}");
        assert_eq!(readme.metadata.unwrap().image(), None, "{image}");
    }
    let plain = metadata("* **Image**: wordpress, 4, upstream, and more").image().unwrap();
    assert_eq!(
        (plain.name.as_str(), plain.url.as_str(), plain.source.as_str()),
        ("wordpress", "", "upstream, and more")
    );
    assert_eq!(metadata("* **Image**: [a](https://x/?a=1,2), 1, own").image().unwrap().url, "https://x/?a=1,2");
}

#[test]
fn an_irregular_block_is_survived_and_told() {
    let unclosed =
        Readme::parse(&format!("# A\n<!-- metadata -->\n{TEMPLATE}\n\n## Quick start\n\n* **Not**: metadata\n"));
    let here = "13: the metadata block is not closed by `<!-- endmetadata -->`; it was taken to end here";
    assert_eq!(told(&unclosed), [here]);
    assert_eq!(unclosed.metadata.as_ref().map(|m| m.fields.len()), Some(9));
    let to_the_end = Readme::parse(&format!("# A\n<!-- metadata -->\n{TEMPLATE}"));
    let end = "11: the metadata block is not closed by `<!-- endmetadata -->`; it was taken to reach to the end";
    assert_eq!(told(&to_the_end), [end]);
    let none = "1: there is no metadata block (`<!-- metadata -->` … `<!-- endmetadata -->`)";
    assert_eq!(told(&Readme::parse("# A\n")), [none]);
    assert_eq!(told(&Readme::parse("")), [none]);
    let strange =
        block("* **Category**: Apps\n* Status: 3\n* **Colour**: red\n* **Category**: Other\nplain\n* **Broken\n");
    let expected = [
        "6: not a metadata field",
        "7: `Colour` is not a field",
        "8: `Category` is there twice (first on line 5)",
        "9: not a metadata field",
        "10: not a metadata field",
    ];
    let what = told(&strange);
    assert_eq!(what.len(), expected.len(), "{what:#?}");
    assert!(what.iter().zip(expected).all(|(told, expected)| told.starts_with(expected)), "{what:#?}");
    assert_eq!(strange.metadata.as_ref().map(|m| m.value("Category")), Some("Apps"));
    let missing = strange.problems.iter().filter(|p| p.what.ends_with("is missing from the metadata block"));
    assert_eq!(missing.count(), 6);
    let twice =
        "<!-- metadata -->\n<!-- endmetadata -->\n<!-- metadata -->\n<!-- endmetadata -->\n<!-- endmetadata -->\n";
    let what = told(&Readme::parse(twice));
    assert!(what.iter().any(|told| told.starts_with("3: a second metadata block")), "{what:?}");
}

#[test]
fn finds_the_name_and_the_description() {
    let named = |text: &str| {
        let readme = Readme::parse(text);
        (readme.name.unwrap_or_default(), readme.description.unwrap_or_default())
    };
    let both = |name: &str, description: &str| (name.to_owned(), description.to_owned());
    assert_eq!(named("# App\n\nOne\ntwo.\n\nThree.\n"), both("App", "One two."));
    assert_eq!(named("# App #\n> Quoted\n> words.\n"), both("App", "Quoted words."));
    assert_eq!(named("App\n===\n\nText.\n"), both("App", "Text."));
    assert_eq!(named("```sh\n# not a heading\nx\n```\n# App\nText"), both("App", "Text"));
    let badges =
        "# App\n\n[![Build](https://x/b.svg)](https://x) ![y](z)\n\n<p>html</p>\n\nText with ![a](b) a picture.\n";
    assert_eq!(named(badges), both("App", "Text with ![a](b) a picture."));
    assert_eq!(named("<!--\n# No\n-->\n# App\n<!-- x -->\n* list\n\n#hashtag text\n"), both("App", "#hashtag text"));
    let real = format!("# App\n\n<!-- metadata -->\n{TEMPLATE}\n<!-- endmetadata -->\n\nAfter it.\n");
    assert_eq!(named(&real), both("App", "After it."));
    assert_eq!(named("\u{feff}# App\r\nText\r\n"), both("App", "Text"));
}

/// Bits of a README, so that random ones are near the real thing.
fn piece() -> impl Strategy<Value = String> {
    let pieces = vec![
        "<!-- metadata -->",
        "<!-- endmetadata -->",
        "* **",
        "Status",
        "Image",
        "**:",
        ":**",
        " ",
        "[`a`](b), ",
        "3",
        "❹",
        "?",
        "# ",
        "```",
        "===",
        "<!--",
        "-->",
        "![",
        "](",
        ")",
        "> ",
        "\n",
        "\r\n",
    ];
    prop_oneof![4 => prop::sample::select(pieces).prop_map(ToOwned::to_owned), 1 => "\\PC"]
}

proptest! {
    #[test]
    fn never_panics_and_spans_index_the_text(pieces in prop::collection::vec(piece(), 0..40)) {
        let text = pieces.concat();
        let readme = Readme::parse(&text);
        for field in readme.metadata.iter().flat_map(|metadata| &metadata.fields) {
            prop_assert_eq!(&text[field.span.clone()], &field.value);
            prop_assert_eq!(text[..field.span.start].matches('\n').count() + 1, field.line);
        }
        for problem in &readme.problems {
            prop_assert!(text.get(problem.span.clone()).is_some());
        }
        if let Some(metadata) = &readme.metadata {
            metadata.image();
            prop_assert!(metadata.status() <= 5);
        }
    }
}
