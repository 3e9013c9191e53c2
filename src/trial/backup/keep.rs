//! `--keep-backup`: what was backed up, brought out of the node as an archive.

use std::path::{Path, PathBuf};

use tokio::io::AsyncWriteExt;

use crate::record::Evidence;
use crate::trial::session::Session;
use crate::trial::trouble::Trouble;

/// Writes an archive for each node that has copies. It streams: nothing of it is held in memory.
///
/// # Errors
/// When a file cannot be written, or the node is gone.
pub(in crate::trial) async fn keep(session: &Session, path: &Path) -> Result<Vec<Evidence>, Trouble> {
    let mut kept = Vec::new();
    for (number, node) in session.cluster.nodes.iter().enumerate() {
        let path = archive(path, &session.subject.recipe.name, number);
        session.log.progress("backup", format!("writing {}", path.display()));
        let mut stream = node.link.export().await?;
        let written = async {
            let mut file = tokio::fs::File::create(&path).await?;
            let bytes = tokio::io::copy(&mut stream, &mut file).await?;
            file.flush().await?;
            Ok::<u64, std::io::Error>(bytes)
        };
        let bytes = written.await.map_err(|error| {
            Trouble::errored("keep-backup", format!("cannot write the backup to {}: {error}", path.display()))
                .advise("Name a file in a folder that exists and has room for it.")
        })?;
        if let Err(error) = node.link.exported().await {
            // Half a backup must not be taken for one.
            let _ = tokio::fs::remove_file(&path).await;
            return Err(error.into());
        }
        kept.push(Evidence::text("kept", format!("{} ({bytes} bytes)", path.display())));
    }
    Ok(kept)
}

/// The archive of a node: the first one has the name that was asked for.
fn archive(path: &Path, recipe: &str, node: usize) -> PathBuf {
    let path = if path.is_dir() { path.join(format!("{recipe}-backup.tar")) } else { path.to_owned() };
    if node == 0 { path } else { path.with_extension(format!("{node}.tar")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_gets_a_file_of_the_recipes_name_and_each_node_one_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(archive(folder.path(), "notes", 0), folder.path().join("notes-backup.tar"));
        assert_eq!(archive(Path::new("/x/kept.tar"), "notes", 1), Path::new("/x/kept.1.tar"));
    }
}
