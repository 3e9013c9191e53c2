//! What stays of a look: screenshot, console and network, in the run's folder.

use std::io;

use serde::Serialize;

use super::Looked;
use crate::browser::{self, View};
use crate::record::Evidence;
use crate::run::{Redactor, RunFolder};

/// What was kept.
#[derive(Debug)]
pub(super) struct Kept {
    /// The screenshot's file.
    pub(super) screenshot: Option<String>,
    /// A piece for each file.
    pub(super) evidence: Vec<Evidence>,
}

/// Keeps what was seen under `smoke/<label>/<name>.…`, without secrets.
pub(super) fn keep(folder: &RunFolder, redactor: &Redactor, label: &str, name: &str, view: &View) -> io::Result<Kept> {
    let mut kept = Kept { screenshot: None, evidence: Vec::new() };
    let path = |kind: &str| format!("smoke/{label}/{name}.{kind}");
    if let Some(png) = &view.screenshot {
        let file = path("png");
        folder.write(&file, png)?;
        kept.evidence.push(in_file("screenshot", &view.final_url, &file));
        kept.screenshot = Some(file);
    }
    let console = path("console.ndjson");
    folder.write(&console, &lines(redactor, &view.console)?)?;
    let loud = view.console.iter().filter(|line| matches!(line.level.as_str(), "error" | "exception" | "warning"));
    let loudest: Vec<String> = loud.take(5).map(|line| format!("{}: {}", line.level, line.text)).collect();
    let said = format!("{} line(s)\n{}", view.console.len(), loudest.join("\n"));
    kept.evidence.push(in_file("console", said.trim_end(), &console));
    let network = path("network.ndjson");
    folder.write(&network, &lines(redactor, &view.loads)?)?;
    kept.evidence.push(in_file("network", &format!("{} request(s)", view.loads.len()), &network));
    for dialog in &view.dialogs {
        kept.evidence.push(Evidence::text("dialog", dialog.clone()));
    }
    for download in &view.downloads {
        kept.evidence.push(Evidence::text("download", download.clone()));
    }
    Ok(kept)
}

fn in_file(kind: &str, text: &str, file: &str) -> Evidence {
    Evidence { file: Some(file.to_owned()), ..Evidence::text(kind, text) }
}

/// One JSON object a line.
fn lines(redactor: &Redactor, all: &[impl Serialize]) -> io::Result<Vec<u8>> {
    let mut text = String::new();
    for one in all {
        text.push_str(&serde_json::to_string(one)?);
        text.push('\n');
    }
    Ok(redactor.clean(&text).into_bytes())
}

/// Writes the pairs of screenshots to `smoke/<before>-<after>/<name>.png`.
pub(super) fn side_by_side(folder: &RunFolder, before: &Looked, after: &Looked) -> io::Result<Vec<Evidence>> {
    let mut evidence = Vec::new();
    for left in &before.pages {
        let Some(right) = after.pages.iter().find(|right| right.name == left.name) else { continue };
        let (Some(left_file), Some(right_file)) = (&left.screenshot, &right.screenshot) else { continue };
        let read = |file: &String| std::fs::read(folder.path().join(file));
        let both = browser::side_by_side(&read(left_file)?, &read(right_file)?).map_err(io::Error::other)?;
        let file = format!("smoke/{}-{}/{}.png", before.label, after.label, left.name);
        folder.write(&file, &both)?;
        evidence.push(in_file("before-after", &left.url, &file));
    }
    Ok(evidence)
}

#[cfg(test)]
mod tests {
    use super::super::{Judgement, Seen};
    use super::*;
    use crate::browser::{ConsoleLine, Load};
    use crate::run::RunId;

    fn png(width: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        let encoder = png::Encoder::new(&mut bytes, width, 1);
        encoder.write_header().unwrap().write_image_data(&vec![7; width as usize]).unwrap();
        bytes
    }

    fn looked(label: &str, kept: &Kept) -> Looked {
        let page = Seen {
            name: "01-a.test".into(),
            url: "https://a.test/".into(),
            judgement: Judgement::Fine,
            flaky: false,
            starved: None,
            summary: String::new(),
            evidence: Vec::new(),
            screenshot: kept.screenshot.clone(),
        };
        Looked { label: label.into(), pages: vec![page] }
    }

    #[test]
    fn what_was_seen_is_kept_without_secrets_and_laid_side_by_side() {
        let root = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(root.path(), &RunId::new("smoke")).unwrap();
        let redactor = Redactor::default();
        redactor.learn("pw", "hunter two");
        let view = |width| View {
            screenshot: Some(png(width)),
            console: vec![ConsoleLine { ms: 1, level: "error".into(), text: "no hunter two".into(), url: None }],
            loads: vec![Load { url: "https://a.test/?p=hunter+two".into(), ..Load::default() }],
            ..View::default()
        };
        let before = keep(&folder, &redactor, "before", "01-a.test", &view(3)).unwrap();
        let after = keep(&folder, &redactor, "after", "01-a.test", &view(5)).unwrap();
        for piece in before.evidence.iter().filter(|piece| piece.kind != "screenshot") {
            let text = std::fs::read_to_string(folder.path().join(piece.file.as_ref().unwrap())).unwrap();
            assert!(text.contains("[secret pw]") && !text.contains("hunter"), "{text}");
        }
        let evidence = side_by_side(&folder, &looked("before", &before), &looked("after", &after)).unwrap();
        let file = evidence[0].file.as_ref().unwrap();
        assert_eq!(file, "smoke/before-after/01-a.test.png");
        let both = std::fs::read(folder.path().join(file)).unwrap();
        let reader = png::Decoder::new(std::io::Cursor::new(both)).read_info().unwrap();
        assert!(reader.info().width > 8);
    }
}
