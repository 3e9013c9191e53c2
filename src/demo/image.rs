//! The images of the demo app, as one archive that any engine loads without a builder or a registry.
//!
//! All versions share their two layers: a skeleton with what programs expect to find, and the packed executable. What differs is
//! one environment variable in each image's configuration. The format is the one of `docker save` (the OCI image specification's
//! configuration, and `manifest.json` as docker's own image format v1.2 has it).

use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::app::Version;
use crate::agent::executable::Packed;

/// The images' name; the tag is the app's version.
pub const REPOSITORY: &str = "taster-demo";
/// The label that every image of ours carries.
pub const LABEL: (&str, &str) = ("taster.demo", "1");
/// The port on which the app listens.
pub const PORT: u16 = 8080;
/// The command in the image that is the app; it is the entrypoint, and what hooks and healthchecks call.
pub const COMMAND: &str = "demo-app";

/// Files that programs expect in any image, by path.
const SKELETON: [(&str, &str); 5] = [
    (
        "etc/passwd",
        "root:x:0:0:root:/root:/bin/sh\nnotes:x:1000:1000:notes:/data:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    ),
    ("etc/group", "root:x:0:\nnotes:x:1000:\nnogroup:x:65534:\n"),
    ("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"),
    // Empty, so that whoever has an authority to add has a file to add it to.
    ("etc/ssl/certs/ca-certificates.crt", ""),
    ("etc/os-release", "ID=taster-demo\nNAME=\"taster demo\"\nPRETTY_NAME=\"The image of taster's demo app\"\n"),
];
const FOLDERS: [(&str, u32); 10] = [
    ("bin", 0o755),
    ("data", 0o755),
    ("etc", 0o755),
    ("etc/ssl", 0o755),
    ("etc/ssl/certs", 0o755),
    ("root", 0o700),
    ("run", 0o755),
    ("tmp", 0o1777),
    ("usr", 0o755),
    ("usr/bin", 0o755),
];

/// Images in the format of `docker save`.
#[derive(Debug, Clone)]
pub struct Archive {
    /// The archive in pieces, to be sent one after the other: the executable is large and not copied for it.
    pub parts: Vec<Bytes>,
    /// Each image as (reference, id); the engine's id of the loaded image is the same.
    pub images: Vec<(String, String)>,
}

/// The reference of a version's image, such as `taster-demo:1.0`.
pub fn reference(version: Version) -> String {
    format!("{REPOSITORY}:{}", version.name())
}

/// The images of these versions, made of a packed taster.
///
/// # Errors
/// When a path does not fit into an archive, which a loader in a very deep folder could cause.
pub fn archive(packed: &Packed, versions: &[Version]) -> std::io::Result<Archive> {
    let skeleton = skeleton(packed)?;
    let layers = [(sha256(&skeleton), Bytes::from(skeleton)), (packed.digest.clone(), packed.tar.clone())];
    let mut head = tar::Builder::new(Vec::new());
    let mut manifest = Vec::new();
    let mut images = Vec::new();
    let names: Vec<String> = layers.iter().map(|(digest, _)| format!("{digest}.tar")).collect();
    for &version in versions {
        let config = config(packed, version, &layers).to_string();
        let id = sha256(config.as_bytes());
        file(&mut head, &format!("{id}.json"), config.as_bytes())?;
        manifest.push(json!({"Config": format!("{id}.json"), "RepoTags": [reference(version)], "Layers": names}));
        images.push((reference(version), format!("sha256:{id}")));
    }
    file(&mut head, "manifest.json", Value::Array(manifest).to_string().as_bytes())?;
    let mut parts = vec![Bytes::from(std::mem::take(head.get_mut()))];
    for (name, (_, bytes)) in names.iter().zip(&layers) {
        let mut header = entry(tar::EntryType::Regular, 0o644);
        header.set_path(name)?;
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        parts.push(Bytes::copy_from_slice(header.as_bytes()));
        parts.push(bytes.clone());
        parts.push(Bytes::from(vec![0; bytes.len().next_multiple_of(512) - bytes.len()]));
    }
    // Two empty blocks end an archive.
    parts.push(Bytes::from_static(&[0; 1024]));
    Ok(Archive { parts, images })
}

/// An image's configuration (OCI image specification, *Image Configuration*).
fn config(packed: &Packed, version: Version, layers: &[(String, Bytes)]) -> Value {
    let mut environment = vec!["PATH=/usr/bin:/bin".to_owned(), format!("DEMO_APP_VERSION={}", version.name())];
    if packed.loader.is_some() {
        environment.push(format!("LD_LIBRARY_PATH={}/lib", crate::agent::executable::HOME));
    }
    let port = format!("{PORT}/tcp");
    json!({
        "architecture": architecture(),
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": {
            "Env": environment,
            "Entrypoint": [COMMAND],
            "ExposedPorts": { port: {} },
            "WorkingDir": "/",
            "Labels": {
                LABEL.0: LABEL.1,
                "org.opencontainers.image.title": "taster demo app",
                "org.opencontainers.image.version": version.name(),
            },
        },
        "rootfs": { "type": "layers", "diff_ids": layers.iter().map(|(digest, _)| format!("sha256:{digest}")).collect::<Vec<_>>() },
        "history": [{"created_by": "taster: skeleton"}, {"created_by": "taster: packed executable"}],
    })
}

/// This machine's architecture by the name that images use (Go's `GOARCH`).
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "x86" => "386",
        "aarch64" => "arm64",
        "powerpc64" => "ppc64le",
        other => other,
    }
}

fn skeleton(packed: &Packed) -> std::io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, mode) in FOLDERS {
        folder(&mut tar, path, mode)?;
    }
    for (path, content) in SKELETON {
        file(&mut tar, path, content.as_bytes())?;
    }
    let program = format!("{}/bin/taster", crate::agent::executable::HOME);
    link(&mut tar, &format!("usr/bin/{COMMAND}"), &program)?;
    link(&mut tar, "bin/sh", &program)?;
    if let Some((asked_for, packed_at)) = &packed.loader {
        let path = asked_for.trim_start_matches('/');
        let parents: Vec<_> = std::path::Path::new(path).ancestors().skip(1).collect();
        for parent in parents.iter().rev().filter_map(|p| p.to_str()).filter(|p| !p.is_empty()) {
            if !FOLDERS.iter().any(|(known, _)| *known == parent) {
                folder(&mut tar, parent, 0o755)?;
            }
        }
        link(&mut tar, path, packed_at)?;
    }
    tar.into_inner()
}

type Tar = tar::Builder<Vec<u8>>;

fn file(tar: &mut Tar, path: &str, content: &[u8]) -> std::io::Result<()> {
    let mut entry = entry(tar::EntryType::Regular, 0o644);
    entry.set_size(content.len() as u64);
    tar.append_data(&mut entry, path, content)
}

fn folder(tar: &mut Tar, path: &str, mode: u32) -> std::io::Result<()> {
    tar.append_data(&mut entry(tar::EntryType::Directory, mode), format!("{path}/"), std::io::empty())
}

fn link(tar: &mut Tar, path: &str, target: &str) -> std::io::Result<()> {
    tar.append_link(&mut entry(tar::EntryType::Symlink, 0o777), path, target)
}

/// A header owned by root and dated to the epoch, so that equal content gives equal bytes.
fn entry(kind: tar::EntryType, mode: u32) -> tar::Header {
    let mut entry = tar::Header::new_ustar();
    entry.set_entry_type(kind);
    entry.set_mode(mode);
    entry.set_uid(0);
    entry.set_gid(0);
    entry.set_mtime(0);
    entry.set_size(0);
    entry
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_share_their_layers_and_differ_in_their_environment() {
        let packed = Packed::current().unwrap();
        let archive = archive(&packed, &Version::ALL).unwrap();
        let bytes = archive.parts.concat();
        let mut manifest = Value::Null;
        let mut names = Vec::new();
        for entry in tar::Archive::new(bytes.as_slice()).entries().unwrap() {
            let entry = entry.unwrap();
            names.push(entry.path().unwrap().to_string_lossy().into_owned());
            if names.last().unwrap() == "manifest.json" {
                manifest = serde_json::from_reader(entry).unwrap();
            }
        }
        assert_eq!(names.len(), 3 + 1 + 2, "{names:?}");
        let manifest = manifest.as_array().unwrap();
        assert!(manifest.iter().all(|image| image["Layers"] == manifest[0]["Layers"]));
        let mut ids: Vec<&str> = archive.images.iter().map(|(_, id)| id.as_str()).collect();
        ids.dedup();
        assert_eq!(ids.len(), 3);
        assert_eq!(manifest[2]["RepoTags"], json!(["taster-demo:2.0"]));
    }
}
