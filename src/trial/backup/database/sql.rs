//! PostgreSQL, MariaDB and MySQL: what their own clients are told in their own containers.

use crate::lint::Database as Kind;

/// Who the client is: the variables of the official images, each with its `_FILE` form.
pub(super) const LOGIN: &str = r#"
value() { eval "v=\${$1:-}; f=\${$1_FILE:-}"; if [ -z "$v" ] && [ -n "$f" ]; then v=$(cat "$f"); fi; printf %s "$v"; }
"#;

/// Tables with the number of their rows, a digest that does not depend on the rows' order, and their primary keys: a digest, and how each begins.
const POSTGRES: &str = r#"
u=$(value POSTGRES_USER); u=${u:-postgres}; d=$(value POSTGRES_DB); PGPASSWORD=$(value POSTGRES_PASSWORD); export PGPASSWORD
ask() { psql -X -q -A -t -v ON_ERROR_STOP=1 -U "$u" -d "${d:-$u}"; }
"#;
const POSTGRES_READ: &str = r#"ask <<'SQL'
SELECT format('SELECT %L || count(*) || '' '' || coalesce(sum((''x'' || substr(md5(t::text), 1, 15))::bit(60)::bigint::numeric), 0) || '' '' || %s FROM %I.%I AS t',
              n.nspname || '.' || c.relname || ' ',
              CASE WHEN p.columns IS NULL THEN quote_literal('-') ELSE
                format('CASE WHEN count(*) > 5000 THEN ''-'' ELSE (SELECT ''='' || coalesce(string_agg(left(md5(ROW(%1$s)::text), 12) || '':'' || encode(convert_to(left(trim(both ''()'' from ROW(%1$s)::text), 16), ''UTF8''), ''hex''), '',''), '''') FROM %2$I.%3$I AS k) END',
                       p.columns, n.nspname, c.relname) END,
              n.nspname, c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN LATERAL (SELECT string_agg(format('k.%I', a.attname), ', ' ORDER BY a.attnum) AS columns
                   FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
                   WHERE i.indrelid = c.oid AND i.indisprimary) p ON true
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
tab=$(printf '\t')
tables=$(ask <<'SQL'
SELECT t.table_name, IFNULL((SELECT GROUP_CONCAT(CONCAT('`', k.column_name, '`') ORDER BY k.ordinal_position) FROM information_schema.key_column_usage k
  WHERE k.table_schema = t.table_schema AND k.table_name = t.table_name AND k.constraint_name = 'PRIMARY'), '-')
FROM information_schema.tables t WHERE t.table_schema = DATABASE() AND t.table_type = 'BASE TABLE' ORDER BY 1
SQL
) || exit 1
[ -n "$tables" ] || exit 0
printf '%s\n' "$tables" | while IFS=$tab read -r t k; do
  keys="'-'"
  [ "$k" = - ] || keys="IF(COUNT(*) > 5000, '-', CONCAT('=', COALESCE(GROUP_CONCAT(CONCAT(SUBSTR(MD5(CONCAT_WS(0x1f, $k)), 1, 12), ':', HEX(SUBSTR(CONCAT_WS(',', $k), 1, 16)))), '')))"
  rows=$(printf 'SET SESSION group_concat_max_len = 1000000; SELECT COUNT(*), %s FROM `%s`;' "$keys" "$t" | ask) || exit 1
  s=$(printf 'CHECKSUM TABLE `%s`' "$t" | ask) || exit 1
  printf '%s %s %s %s\n' "$t" "${rows%%"$tab"*}" "${s#*"$tab"}" "${rows#*"$tab"}"
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
