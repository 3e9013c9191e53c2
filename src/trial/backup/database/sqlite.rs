//! SQLite in a volume: the agent reads it, because few images hold a client.

use super::Tables;
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
    let table =
        |table: crate::agent::SqliteTable| (format!("{} {}", table.file, table.table), (table.rows, table.digest));
    Ok(Ok(said.tables.into_iter().map(table).collect()))
}

pub(super) async fn plant(
    session: &Session,
    volume: &str,
    name: &str,
    value: &str,
) -> Result<Result<String, String>, Trouble> {
    let (table, value) = (name.to_owned(), value.to_owned());
    let said = ask(session, volume, |root| SqliteRequest::Plant { root, table: table.clone(), value: value.clone() });
    Ok(in_some(&said.await?))
}

pub(super) async fn unplant(session: &Session, volume: &str, name: &str) -> Result<Result<String, String>, Trouble> {
    let said = ask(session, volume, |root| SqliteRequest::Unplant { root, table: name.to_owned() }).await?;
    Ok(in_some(&said))
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
        all.files.extend(said.files);
        all.troubles.extend(said.troubles);
    }
    Ok(all)
}
