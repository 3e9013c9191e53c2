//! Adds the ingress's certificate authority to a container's trust store.
//!
//! The file systems of other programs are reached through `/proc/<pid>/root`. A link in a container can neither lead out of it
//! (`RESOLVE_IN_ROOT`) nor into a volume or config that the recipe mounts there (`RESOLVE_NO_XDEV`), see openat2(2).

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};

use super::protocol::Reply;

/// Where distributions keep the bundle of certificates that OpenSSL, GnuTLS, curl, Go and PHP read: Debian, Alpine and Arch; Red Hat;
/// SUSE; Alpine's OpenSSL. Programs that bring their own (Node.js, Java) are not reached.
const STORES: [&str; 4] = [
    "etc/ssl/certs/ca-certificates.crt",
    "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "etc/ssl/ca-bundle.pem",
    "etc/ssl/cert.pem",
];

/// A bundle is some 200 KB; anything much larger is no bundle.
const LARGEST: u64 = 8 << 20;

/// Adds `certificate` (PEM) to every store that the container of process `pid` has; tells which ones were changed. A store that is
/// read-only or not there is left alone.
pub(super) fn add(pid: u32, certificate: &str) -> Reply<Vec<String>> {
    let root = format!("/proc/{pid}/root");
    let root = match File::open(&root) {
        Ok(root) => root,
        // The container has ended meanwhile.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(format!("cannot open {root}: {error}")),
    };
    let mut changed = Vec::new();
    for store in STORES {
        match append(&root, store, certificate) {
            Ok(true) => changed.push(format!("/{store}")),
            Ok(false) => {}
            Err(error) => return Err(format!("cannot add a certificate to /{store} of process {pid}: {error}")),
        }
    }
    Ok(changed)
}

fn append(root: &File, store: &str, certificate: &str) -> std::io::Result<bool> {
    let how = OpenHow::new()
        .flags(OFlag::O_RDWR | OFlag::O_APPEND | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)
        .resolve(ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_XDEV | ResolveFlag::RESOLVE_NO_MAGICLINKS);
    let mut file = match openat2(root, Path::new(store), how) {
        Ok(file) => File::from(file),
        // Not there, read-only, or a mount of the recipe's own.
        Err(
            Errno::ENOENT | Errno::ENOTDIR | Errno::EROFS | Errno::EXDEV | Errno::ELOOP | Errno::EISDIR | Errno::EACCES,
        ) => {
            return Ok(false);
        }
        Err(error) => return Err(error.into()),
    };
    let meta = file.metadata()?;
    if !meta.is_file() || meta.len() > LARGEST {
        return Ok(false);
    }
    let mut known = String::new();
    // A bundle with other bytes than text is none.
    if file.read_to_string(&mut known).is_err() || known.contains(certificate.trim()) {
        return Ok(false);
    }
    let written = file.write_all(format!("\n{}\n", certificate.trim()).as_bytes());
    if written.is_err() {
        // Half a certificate would spoil the whole bundle for the app.
        file.set_len(meta.len())?;
    }
    written.map(|()| true)
}
