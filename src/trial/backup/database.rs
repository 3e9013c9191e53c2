//! Built-in probes: databases that are recognised by their image are asked, table by table, without any scenario.
//!
//! Everything runs in the database's own container, with its own client and the credentials that its environment names. A row that was not
//! there before is planted in the app's own database, as the database's owner: it must come back.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::compose::project::Project;
use crate::lint::Database as Kind;
use crate::swarm::exec::{self, Command, ExecError};
use crate::trial::session::Session;
use crate::trial::trouble::Trouble;

/// How long a probe may take: it reads every row.
const LIMIT: Duration = Duration::from_secs(300);

/// Who the client is: the variables of the official images, each with its `_FILE` form.
const LOGIN: &str = r#"
value() { eval "v=\${$1:-}; f=\${$1_FILE:-}"; if [ -z "$v" ] && [ -n "$f" ]; then v=$(cat "$f"); fi; printf %s "$v"; }
"#;

/// Tables with the number of their rows and a digest that does not depend on the rows' order.
const POSTGRES: &str = r#"
u=$(value POSTGRES_USER); u=${u:-postgres}; d=$(value POSTGRES_DB); PGPASSWORD=$(value POSTGRES_PASSWORD); export PGPASSWORD
ask() { psql -X -q -A -t -v ON_ERROR_STOP=1 -U "$u" -d "${d:-$u}"; }
"#;
const POSTGRES_READ: &str = r#"ask <<'SQL'
SELECT format('SELECT %L || count(*) || '' '' || coalesce(sum((''x'' || substr(md5(t::text), 1, 15))::bit(60)::bigint::numeric), 0) FROM %I.%I AS t',
              n.nspname || '.' || c.relname || ' ', n.nspname, c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%'
ORDER BY 1 \gexec
SQL
"#;

const MYSQL: &str = r#"
c=$(command -v mariadb || command -v mysql); d=$(value MARIADB_DATABASE); d=${d:-$(value MYSQL_DATABASE)}
u=$(value MARIADB_USER); u=${u:-$(value MYSQL_USER)}; MYSQL_PWD=$(value MARIADB_PASSWORD); MYSQL_PWD=${MYSQL_PWD:-$(value MYSQL_PASSWORD)}
export MYSQL_PWD
ask() { "$c" -N -B -u "$u" "$d"; }
"#;
const MYSQL_READ: &str = r#"
tables=$(printf %s "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' ORDER BY 1" | ask) || exit 1
for t in $tables; do
  n=$(printf 'SELECT COUNT(*) FROM `%s`' "$t" | ask) || exit 1
  s=$(printf 'CHECKSUM TABLE `%s`' "$t" | ask | cut -f 2) || exit 1
  printf '%s %s %s\n' "$t" "$n" "$s"
done
"#;

/// What a table holds: how many rows, and a digest of them.
pub(in crate::trial) type Tables = BTreeMap<String, (u64, String)>;

/// A database of the stack, and what was in it.
#[derive(Debug)]
pub(in crate::trial) struct Database {
    /// Its service.
    pub service: String,
    kind: Kind,
    /// Before the backup, the planted row included.
    pub before: Tables,
    /// Tables that change by themselves.
    pub volatile: BTreeSet<String>,
    /// The table of the planted row, when one could be planted.
    pub canary: Option<String>,
}

/// What came of a database.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::trial) struct Compared {
    /// Tables that are missing, or have fewer rows.
    pub lost: Vec<String>,
    /// Tables whose rows are others, and no fewer.
    pub changed: Vec<String>,
    /// Tables that are equal, and were not on the fresh install.
    pub proven: usize,
}

impl Database {
    /// What it is called in a proof.
    pub(in crate::trial) fn name(&self) -> String {
        format!("{} in {}", self.kind.name(), self.service)
    }

    /// What it holds now; `None` when it does not answer.
    ///
    /// # Errors
    /// When the node is gone.
    pub(in crate::trial) async fn read(&self, session: &mut Session) -> Result<Option<Tables>, Trouble> {
        read(session, self.kind, &self.service).await.map(Result::ok)
    }

    /// Learns from a second look at the idle app which tables change by themselves.
    pub(in crate::trial) fn learn(&mut self, now: &Tables) {
        self.volatile = self
            .before
            .iter()
            .filter(|(table, was)| now.get(*table) != Some(*was))
            .map(|(table, _)| table.clone())
            .collect();
    }

    /// The planted row is not there any more.
    pub(in crate::trial) fn forget_canary(&mut self) {
        if let Some(table) = self.canary.take() {
            self.before.retain(|name, _| !name.ends_with(&table));
        }
    }

    /// Plants a row; what was read before must be read again.
    ///
    /// # Errors
    /// When the node is gone.
    pub(in crate::trial) async fn plant(&mut self, session: &mut Session) -> Result<(), Trouble> {
        let table = format!("taster_canary_{:08x}", rand::random::<u32>());
        let value: u32 = rand::random();
        let sql = format!("CREATE TABLE {table} (value VARCHAR(20)); INSERT INTO {table} VALUES ('{value:08x}');");
        if self.tell(session, &sql).await?.is_ok()
            && let Some(now) = self.read(session).await?
        {
            self.before = now;
            self.canary = Some(table);
        }
        Ok(())
    }

    /// Removes the planted row again.
    ///
    /// # Errors
    /// When the node is gone.
    pub(in crate::trial) async fn unplant(&self, session: &mut Session) -> Result<(), Trouble> {
        if let Some(table) = &self.canary {
            // Where it is not, there is nothing to remove.
            let _ = self.tell(session, &format!("DROP TABLE IF EXISTS {table};")).await?;
        }
        Ok(())
    }

    async fn tell(&self, session: &mut Session, sql: &str) -> Result<Result<String, String>, Trouble> {
        let script = format!("{LOGIN}{}ask <<'SQL'\n{sql}\nSQL\n", login(self.kind));
        shell(session, &self.service, &script).await
    }

    /// Compares it with what it was; `fresh` is what it held on a fresh install.
    pub(in crate::trial) fn compare(&self, fresh: &Tables, now: &Tables) -> Compared {
        let mut compared = Compared::default();
        for (table, was) in self.before.iter().filter(|(table, _)| !self.volatile.contains(*table)) {
            match now.get(table) {
                Some(is) if is == was => compared.proven += usize::from(fresh.get(table) != Some(was)),
                Some(is) if is.0 >= was.0 => compared.changed.push(table.clone()),
                Some(is) => compared.lost.push(format!("{table}: {} of {} row(s)", is.0, was.0)),
                None => compared.lost.push(format!("{table}: not there; it had {} row(s)", was.0)),
            }
        }
        compared
    }
}

/// The databases of a project that answer now. Those that do not are told: they stay unproven.
///
/// # Errors
/// When the node is gone.
pub(in crate::trial) async fn there(session: &mut Session) -> Result<Vec<Database>, Trouble> {
    let mut found = Vec::new();
    for (service, kind) in known(&session.subject.project) {
        match read(session, kind, &service).await? {
            Ok(before) => {
                let (volatile, canary) = (BTreeSet::new(), None);
                found.push(Database { service, kind, before, volatile, canary });
            }
            Err(said) => session.log.note(format!("{service}: {} was not asked: {said}", kind.name())),
        }
    }
    Ok(found)
}

/// The services that run a database which can be asked.
fn known(project: &Project) -> Vec<(String, Kind)> {
    let known = project.services().filter_map(|(name, service)| Some((name.to_owned(), Kind::of(service)?)));
    known.filter(|(_, kind)| matches!(kind, Kind::Postgres | Kind::MySql)).collect()
}

fn login(kind: Kind) -> &'static str {
    if kind == Kind::Postgres { POSTGRES } else { MYSQL }
}

async fn read(session: &mut Session, kind: Kind, service: &str) -> Result<Result<Tables, String>, Trouble> {
    let read = if kind == Kind::Postgres { POSTGRES_READ } else { MYSQL_READ };
    let said = shell(session, service, &format!("{LOGIN}{}{read}", login(kind))).await?;
    Ok(said.map(|said| tables(&said)))
}

/// Lines of name, number of rows and digest. A name may hold spaces.
fn tables(said: &str) -> Tables {
    let line = |line: &str| {
        let mut words = line.rsplitn(3, ' ');
        let (digest, rows, name) = (words.next()?, words.next()?, words.next()?);
        Some((name.to_owned(), (rows.parse().ok()?, digest.to_owned())))
    };
    said.lines().filter_map(line).collect()
}

/// Runs a script in a service's container: what it said, or why it did not work.
async fn shell(session: &mut Session, service: &str, script: &str) -> Result<Result<String, String>, Trouble> {
    let view = session.look().await?;
    let Some(view) = view.services.iter().find(|view| view.short_name == service) else {
        return Ok(Err("there is no such service".to_owned()));
    };
    let mut command = Command::shell(script);
    command.timeout = LIMIT;
    match exec::in_service(session.engines(), view, &command).await {
        Ok(output) if output.exit_code == 0 && !output.cut => Ok(Ok(output.stdout_text())),
        Ok(output) => {
            let said = session.log.redactor().clean(output.stderr_text().trim());
            Ok(Err(if said.is_empty() { format!("exit code {}", output.exit_code) } else { said }))
        }
        Err(error @ (ExecError::NotRunning { .. } | ExecError::TimedOut { .. })) => {
            // The script is no news to the reader.
            Ok(Err(if matches!(error, ExecError::TimedOut { .. }) { "it takes too long" } else { "it is not running" }
                .to_owned()))
        }
        Err(error) => {
            Err(Trouble::errored("engine", error.to_string()).advise("The node's engine went away; run it again."))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_are_gone_are_lost_and_others_are_changed() {
        let before =
            tables("public.notes 3 17\npublic.users 1 5\npublic.seen 2 8\npublic.two words 1 1\nc 1 9\nsame 1 2\n");
        assert_eq!(before["public.two words"], (1, "1".to_owned()));
        let volatile = BTreeSet::from(["public.seen".to_owned()]);
        let service = "db".to_owned();
        let database = Database { service, kind: Kind::Postgres, before, volatile, canary: Some("c".to_owned()) };
        let fresh = tables("same 1 2\npublic.users 1 4\n");
        let now = tables("public.notes 2 11\npublic.users 1 6\nsame 1 2\nc 1 9\n");
        let compared = database.compare(&fresh, &now);
        assert_eq!(compared.lost, ["public.notes: 2 of 3 row(s)", "public.two words: not there; it had 1 row(s)"]);
        assert_eq!((compared.changed, compared.proven), (vec!["public.users".to_owned()], 1));
    }
}
