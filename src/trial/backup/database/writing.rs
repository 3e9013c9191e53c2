//! What a writer writes into a database again and again: a number into two tables, or two lists of Redis, in one transaction.

use std::collections::BTreeSet;

use super::{Database, Place, shell, sql};
use crate::trial::session::Session;
use crate::trial::trouble::Trouble;

/// How a writer's number reaches a database; `{n}` stands for the number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::trial) enum Way {
    /// By a shell script in the container of a service.
    Script { service: String, script: String },
    /// By the agent of the node that has this volume, in these of its files.
    Sqlite { volume: String, only: Vec<String>, statements: String },
}

impl Database {
    /// Makes both tables, where they must be made; why that does not work.
    ///
    /// # Errors
    /// When the node is gone.
    pub(in crate::trial) async fn make(
        &self,
        session: &mut Session,
        [one, other]: [&str; 2],
    ) -> Result<Result<(), String>, Trouble> {
        if matches!(self.place, Place::Redis(_)) {
            // A list is there once something is in it.
            return Ok(Ok(()));
        }
        let make = format!("CREATE TABLE {one} (n BIGINT PRIMARY KEY); CREATE TABLE {other} (n BIGINT PRIMARY KEY);");
        Ok(self.tell(session, &make).await?.map(drop))
    }

    /// How a number is written into both at once, for whoever cannot wait for the session.
    pub(in crate::trial) fn way(&self, [one, other]: [&str; 2]) -> Way {
        let write = format!("BEGIN; INSERT INTO {one} VALUES ({{n}}); INSERT INTO {other} VALUES ({{n}}); COMMIT;");
        match &self.place {
            Place::Server(kind, service) => Way::Script { service: service.clone(), script: sql::tell(*kind, &write) },
            Place::Redis(server) => {
                let write = format!("MULTI\nRPUSH {one} {{n}}\nRPUSH {other} {{n}}\nEXEC");
                Way::Script { service: server.service.clone(), script: server.numbers(&write) }
            }
            Place::Sqlite(volume) => Way::Sqlite { volume: volume.clone(), only: self.files(), statements: write },
        }
    }

    /// The numbers in one of both, or why they cannot be read.
    ///
    /// # Errors
    /// When the node is gone.
    pub(in crate::trial) async fn numbers(
        &self,
        session: &mut Session,
        name: &str,
    ) -> Result<Result<BTreeSet<u64>, String>, Trouble> {
        let said = match &self.place {
            Place::Redis(server) => {
                shell(session, &server.service, &server.numbers(&format!("LRANGE {name} 0 -1"))).await?
            }
            _ => self.ask(session, &format!("SELECT n FROM {name}")).await?,
        };
        Ok(said.map(|said| said.lines().filter_map(|line| line.trim().parse().ok()).collect()))
    }

    /// Removes both, where they are.
    ///
    /// # Errors
    /// When the node is gone.
    pub(in crate::trial) async fn clear(&self, session: &mut Session, [one, other]: [&str; 2]) -> Result<(), Trouble> {
        // Where they are not, there is nothing to remove.
        let _ = match &self.place {
            Place::Redis(server) => {
                shell(session, &server.service, &server.numbers(&format!("DEL {one} {other}"))).await?
            }
            _ => self.tell(session, &format!("DROP TABLE IF EXISTS {one}; DROP TABLE IF EXISTS {other};")).await?,
        };
        Ok(())
    }
}
