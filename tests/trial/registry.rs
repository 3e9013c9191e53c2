//! Images to put into a registry.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::docker_registry::DockerRegistry;

/// Marks whatever these tests make.
const LABEL: &str = "taster.dev=trialtests";

/// A registry that ends with this value.
pub(crate) struct Registry(DockerRegistry);

impl Registry {
    /// Starts one at a free port.
    pub(crate) fn start() -> Self {
        Self(DockerRegistry::start())
    }

    /// Where it is.
    pub(crate) fn address(&self) -> &str {
        &self.0.address
    }

    /// Pushes the image `from` under a name in this registry, and lets the engine forget that name.
    pub(crate) fn push(&self, from: &str, name: &str) {
        let reference = format!("{}/{name}", self.address());
        docker(&["tag", from, &reference]);
        docker(&["push", "--quiet", &reference]);
        docker(&["image", "rm", &reference]);
    }
}

/// A name on the engine that is taken away when this value goes.
pub(crate) struct Image(pub(crate) String);

impl Image {
    /// An image of our own, which runs nothing, built for this architecture as it says.
    pub(crate) fn foreign(name: &str, architecture: &str) -> Self {
        let mut archive = tar::Builder::new(Vec::new());
        let config = format!(
            "{{\"architecture\":\"{architecture}\",\"os\":\"linux\",\"config\":{{\"Cmd\":[\"/app\"],\"Labels\":{{\"taster.dev\":\"trialtests\"}}}},\"rootfs\":{{\"type\":\"layers\",\"diff_ids\":[\"sha256:{EMPTY_LAYER}\"]}}}}"
        );
        let manifest = format!("[{{\"Config\":\"config.json\",\"RepoTags\":[\"{name}\"],\"Layers\":[\"layer.tar\"]}}]");
        let parts =
            [("config.json", config.as_bytes()), ("manifest.json", manifest.as_bytes()), ("layer.tar", &[0; 1024])];
        for (path, bytes) in parts {
            let mut header = tar::Header::new_ustar();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            archive.append_data(&mut header, path, bytes).unwrap();
        }
        let mut child = Command::new("docker")
            .args(["load", "--quiet"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(&archive.into_inner().unwrap()).unwrap();
        assert!(child.wait().unwrap().success(), "docker load");
        Self(name.to_owned())
    }

    /// The image `from` with one label more, so that it is another image.
    pub(crate) fn variant(from: &str, name: &str) -> Self {
        let container = docker(&["create", "--label", LABEL, from]);
        docker(&["commit", "--change", &format!("LABEL {LABEL} variant={name}"), &container, name]);
        docker(&["rm", &container]);
        Self(name.to_owned())
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        let _ = Command::new("docker").args(["image", "rm", "--force", &self.0]).output();
    }
}

/// The SHA-256 of an archive without any file: two empty blocks of 512 bytes.
const EMPTY_LAYER: &str = "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef";

/// Runs `docker`, which must succeed, and returns what it printed.
#[track_caller]
pub(crate) fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output().expect("these tests need the docker CLI");
    assert!(output.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
