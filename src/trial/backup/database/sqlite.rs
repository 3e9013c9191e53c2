//! SQLite in a volume: the agent reads it, because few images hold a client.

use super::{Table, Tables};
use crate::agent::{SqliteRequest, SqliteSaid};
use crate::trial::backup::volumes;
use crate::trial::session::Session;
use crate::trial::trouble::Trouble;

/// Every table of every database in a volume; none when there is no database.
pub(super) async fn read(session: &Session, volume: &str) -> Result<Result<Tables, String>, Trouble> {
    let said = ask(session, volume, |root| SqliteRequest::Read { root }).await?;
    if said.tables.is_empty() && !said.troubles.is_empty() {
        return Ok(Err(refused(&said)));
    }
    let table = |table: crate::agent::SqliteTable| {
        let (rows, digest, keys) = (table.rows, table.digest, table.keys);
        (format!("{} {}", table.file, table.table), Table { rows, digest, keys })
    };
    Ok(Ok(said.tables.into_iter().map(table).collect()))
}

/// Has statements done in these databases of a volume.
pub(super) async fn tell(
    session: &Session,
    volume: &str,
    only: &[String],
    statements: &str,
) -> Result<Result<String, String>, Trouble> {
    let request = |root| SqliteRequest::Tell { root, only: only.to_vec(), statements: statements.to_owned() };
    let said = ask(session, volume, request).await?;
    Ok(in_some(&said))
}

/// Asks a query of one column in these databases of a volume.
pub(super) async fn query(
    session: &Session,
    volume: &str,
    only: &[String],
    query: &str,
) -> Result<Result<String, String>, Trouble> {
    let request = |root| SqliteRequest::Ask { root, only: only.to_vec(), query: query.to_owned() };
    let said = ask(session, volume, request).await?;
    Ok(in_some(&said).map(|_| said.rows.join("\n")))
}

/// It worked with one of them at least: what is in it then is read anew.
fn in_some(said: &SqliteSaid) -> Result<String, String> {
    if said.troubles.len() < said.files.len() { Ok(String::new()) } else { Err(refused(said)) }
}

fn refused(said: &SqliteSaid) -> String {
    let lines: Vec<String> = said.troubles.iter().map(|(file, why)| format!("{file}: {why}")).collect();
    if lines.is_empty() { "there is no database".to_owned() } else { lines.join("; ") }
}

/// Asks the agent of every node that has the volume.
async fn ask(session: &Session, key: &str, request: impl Fn(String) -> SqliteRequest) -> Result<SqliteSaid, Trouble> {
    let mut all = SqliteSaid::default();
    for volume in volumes::there(session).await?.into_iter().filter(|volume| volume.key == key) {
        let Some(node) = session.cluster.nodes.get(volume.node) else { continue };
        let said = node.link.sqlite(request(volume.root)).await?;
        all.tables.extend(said.tables);
        all.rows.extend(said.rows);
        all.files.extend(said.files);
        all.troubles.extend(said.troubles);
    }
    Ok(all)
}
