//! PostgreSQL, MariaDB and MySQL: what their own clients are told in their own containers.

use crate::lint::Database as Kind;

/// Who the client is: the variables of the official images, each with its `_FILE` form.
pub(super) const LOGIN: &str = r#"
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

/// The script that tells every table.
pub(super) fn read(kind: Kind) -> String {
    let read = if kind == Kind::Postgres { POSTGRES_READ } else { MYSQL_READ };
    format!("{LOGIN}{}{read}", login(kind))
}

/// The script that has these statements done.
pub(super) fn tell(kind: Kind, statements: &str) -> String {
    format!("{LOGIN}{}ask <<'SQL'\n{statements}\nSQL\n", login(kind))
}

fn login(kind: Kind) -> &'static str {
    if kind == Kind::Postgres { POSTGRES } else { MYSQL }
}
