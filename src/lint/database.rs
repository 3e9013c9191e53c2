//! Databases that are recognised by the name of their image.

use super::image::ImageReference;
use crate::compose::project::Service;

/// A database server that keeps its data in a folder which only one process may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// PostgreSQL, and images made from it.
    Postgres,
    /// MariaDB, MySQL, Percona Server.
    MySql,
    /// MongoDB.
    Mongo,
}

impl Database {
    /// The database that a service runs, by the last part of its image's name.
    pub fn of(service: &Service) -> Option<Self> {
        let name = ImageReference::parse(&service.image).short_name().to_lowercase();
        match name.as_str() {
            "postgres" | "postgresql" | "postgis" | "pgvector" | "timescaledb" | "pgautoupgrade" => {
                Some(Self::Postgres)
            }
            "mariadb" | "mysql" | "mysql-server" | "percona" | "percona-server" => Some(Self::MySql),
            "mongo" | "mongodb" | "mongodb-community-server" => Some(Self::Mongo),
            _ => None,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::MySql => "MariaDB or MySQL",
            Self::Mongo => "MongoDB",
        }
    }

    /// The programs that dump it.
    pub(super) fn dump_programs(self) -> &'static [&'static str] {
        match self {
            Self::Postgres => &["pg_dump", "pg_dumpall", "pg_basebackup"],
            Self::MySql => &["mariadb-dump", "mysqldump", "mariadb-backup", "mariabackup"],
            Self::Mongo => &["mongodump"],
        }
    }
}
