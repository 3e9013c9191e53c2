//! A copy as a tar stream.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tar::{Builder, EntryType, Header};
use tokio::io::AsyncWriteExt;
use tokio_util::io::SyncIoBridge;

use super::super::mux::Channel;
use super::super::protocol::{Reply, send};
use super::{STORE, meta};

/// How the newest export ended. The bytes on the channel cannot tell: an archive that broke off gets its end all the same.
#[derive(Debug)]
pub(in super::super) struct Exports(Mutex<Reply<()>>);

impl Default for Exports {
    fn default() -> Self {
        Self(Mutex::new(Err("nothing was exported".to_owned())))
    }
}

impl Exports {
    /// Whether the newest one is whole, or why not.
    pub(in super::super) fn ended(&self) -> Reply<()> {
        self.0.lock().map_or_else(|_| Err("the export panicked".to_owned()), |ended| ended.clone())
    }

    fn set(&self, ended: Reply<()>) {
        if let Ok(mut slot) = self.0.lock() {
            *slot = ended;
        }
    }
}

/// Sends everything in the store as one archive, with extended attributes and hard links; the channel ends with it, and `exports` tells whether
/// it is whole.
pub(in super::super) async fn answer(mut channel: Channel, exports: &Exports) -> io::Result<()> {
    exports.set(Err("the export has not ended".to_owned()));
    send(&mut channel, &Reply::Ok(())).await?;
    let bridge = SyncIoBridge::new(channel);
    let done = tokio::task::spawn_blocking(move || {
        let mut bridge = io::BufWriter::with_capacity(64 << 10, bridge);
        let packed = pack(Path::new(STORE), &mut bridge);
        bridge.into_inner().map(|bridge| (bridge.into_inner(), packed)).map_err(io::IntoInnerError::into_error)
    });
    let (mut channel, packed) = done.await.map_err(io::Error::other)??;
    exports.set(packed.map_err(|error| error.to_string()));
    channel.shutdown().await
}

/// Packs a folder.
pub(in super::super) fn pack(root: &Path, to: &mut impl Write) -> io::Result<()> {
    let mut archive = Builder::new(to);
    let mut links = BTreeMap::new();
    let mut waiting = vec![PathBuf::new()];
    while let Some(folder) = waiting.pop() {
        let read = match std::fs::read_dir(root.join(&folder)) {
            // Where nothing was ever put there is no root, and the archive is empty.
            Err(error) if error.kind() == io::ErrorKind::NotFound && folder.as_os_str().is_empty() => continue,
            read => read?,
        };
        let mut names: Vec<_> = read.map(|entry| entry.map(|entry| entry.file_name())).collect::<io::Result<_>>()?;
        names.sort();
        for name in names {
            let path = folder.join(name);
            let at = root.join(&path);
            let status = std::fs::symlink_metadata(&at)?;
            let attributes = meta::attributes(&at)?;
            if !attributes.is_empty() {
                let names: Vec<String> =
                    attributes.iter().map(|(name, _)| format!("SCHILY.xattr.{}", name.to_string_lossy())).collect();
                archive.append_pax_extensions(
                    names.iter().map(String::as_str).zip(attributes.iter().map(|(_, value)| value.as_slice())),
                )?;
            }
            let mut header = Header::new_gnu();
            header.set_metadata(&status);
            if status.is_dir() {
                waiting.push(path.clone());
                archive.append_data(&mut header, &path, io::empty())?;
            } else if status.is_symlink() {
                header.set_size(0);
                archive.append_link(&mut header, &path, std::fs::read_link(&at)?)?;
            } else if status.is_file() && status.nlink() > 1 {
                match links.get(&(status.dev(), status.ino())) {
                    Some(first) => {
                        header.set_entry_type(EntryType::Link);
                        header.set_size(0);
                        archive.append_link(&mut header, &path, first)?;
                    }
                    None => {
                        links.insert((status.dev(), status.ino()), path.clone());
                        archive.append_data(&mut header, &path, File::open(&at)?)?;
                    }
                }
            } else if status.is_file() {
                archive.append_data(&mut header, &path, File::open(&at)?)?;
            } else {
                header.set_size(0);
                archive.append_data(&mut header, &path, io::empty())?;
            }
        }
    }
    archive.finish()
}
