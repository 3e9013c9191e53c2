//! The images on a real engine: loaded without a builder, equal in their layers, and with an app inside that answers.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use taster::agent::executable::Packed;
use taster::demo::app::Version;
use taster::demo::image;

use crate::docker::{LABEL, docker, must};

/// A container that goes when this value goes.
struct Container(String);

impl Container {
    fn run(arguments: &[&str]) -> Self {
        Self(must(&[&["run", "--detach", "--label", LABEL], arguments].concat(), &[]))
    }

    fn exec(&self, command: &[&str]) -> (bool, String, String) {
        docker(&[&["exec", &self.0], command].concat(), &[])
    }

    #[track_caller]
    fn until_healthy(&self) {
        let until = Instant::now() + Duration::from_secs(20);
        let mut last = String::new();
        while Instant::now() < until {
            let (healthy, out, error) = self.exec(&["demo-app", "health"]);
            if healthy {
                return;
            }
            last = out + &error;
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("never healthy: {last}; log: {}", docker(&["logs", &self.0], &[]).1);
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        docker(&["rm", "--force", "--volumes", &self.0], &[]);
    }
}

/// The images of taster's own executable, loaded; they go when this value goes.
struct Loaded {
    ids: [String; 3],
}

impl Loaded {
    fn new() -> Self {
        let packed = Packed::of(Path::new(env!("CARGO_BIN_EXE_taster"))).unwrap();
        let archive = image::archive(&packed, &Version::ALL).unwrap();
        must(&["load"], &archive.parts.concat());
        Self { ids: [0, 1, 2].map(|index| archive.images[index].1.clone()) }
    }
}

impl Drop for Loaded {
    fn drop(&mut self) {
        // By id, because the names may have gone to another build's images by now.
        for id in &self.ids {
            docker(&["image", "rm", id], &[]);
        }
    }
}

/// One test, because its parts share the loaded images and the engine.
#[test]
fn images_load_and_the_app_in_them_answers() {
    let loaded = Loaded::new();
    // By id: another test's image may carry the name at any time.
    let [v1_0, v1_1, v2_0] = loaded.ids.each_ref().map(String::as_str);
    let inspected: Value = serde_json::from_str(&must(&["image", "inspect", v1_0, v1_1, v2_0], &[])).unwrap();
    let inspected = inspected.as_array().unwrap();
    for (image, id) in inspected.iter().zip(&loaded.ids) {
        assert_eq!(image["Id"], **id, "the engine's id is the one we promised");
        assert_eq!(image["Config"]["Labels"]["taster.demo"], "1");
        assert_eq!(image["RootFS"]["Layers"], inspected[0]["RootFS"]["Layers"]);
    }

    let app = Container::run(&[v1_1]);
    app.until_healthy();
    let (_, log, _) = docker(&["logs", &app.0], &[]);
    assert!(log.contains("notes 1.1 (schema 2)"), "{log}");
    let (added, out, error) = app.exec(&["demo-app", "add", "from inside"]);
    assert!(added, "{out}{error}");

    // As hooks are run: through the image's own shell.
    let (done, out, error) = app.exec(&[
        "sh",
        "-c",
        "demo-app dump /data/dump.json && demo-app add lost && demo-app restore /data/dump.json",
    ]);
    assert!(done, "{out}{error}");
    let (_, dump, _) = app.exec(&["/bin/sh", "-c", "demo-app dump"]);
    assert!(dump.contains("from inside") && !dump.contains("lost"), "{dump}");

    // It stops at once, as process 1.
    let before = Instant::now();
    must(&["stop", "--time", "10", &app.0], &[]);
    assert!(before.elapsed() < Duration::from_secs(5), "{:?}", before.elapsed());
    assert_eq!(must(&["inspect", "--format", "{{.State.ExitCode}}", &app.0], &[]), "0");

    // A name is found: the image has what the C library wants for it.
    let app =
        Container::run(&["--add-host=notes.test:127.0.0.1", "--env=DEMO_CALL=http://notes.test:8080/version", v2_0]);
    app.until_healthy();
    let (_, _, error) = app.exec(&["demo-app", "health", "--listen", "127.0.0.1:1"]);
    assert!(error.contains("cannot connect"), "{error}");
    let (met, out, error) = app.exec(&["demo-app", "--needs", "notes.test:8080", "--job"]);
    assert!(met && out.contains("notes.test:8080 is up"), "{out}{error}");

    // Deaths that only a container dies.
    let ended = |arguments: &[&str]| {
        let container = Container::run(arguments);
        let code = must(&["wait", &container.0], &[]);
        (code, must(&["inspect", "--format", "{{.State.OOMKilled}}", &container.0], &[]))
    };
    assert_eq!(ended(&[v1_0, "--fault", "segv"]), ("139".to_owned(), "false".to_owned()));
    assert_eq!(
        ended(&["--memory=64m", "--memory-swap=64m", v1_0, "--fault", "oom"]),
        ("137".to_owned(), "true".to_owned())
    );
}
