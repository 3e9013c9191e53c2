#!/bin/sh
# What PostgreSQL's official image does, as far as recipes use it: POSTGRES_PASSWORD, POSTGRES_USER, POSTGRES_DB, each also as
# *_FILE; PGDATA; scripts in /docker-entrypoint-initdb.d for an empty data directory. The server itself refuses a data
# directory of another major version.
set -eu

value() { # name default: its value, or the content of the file that name_FILE names
    fallback=$2
    eval "set -- \"\${$1:-}\" \"\${${1}_FILE:-}\""
    if [ -n "$2" ]; then cat "$2"; else printf '%s' "${1:-$fallback}"; fi
}
note() { echo "docker-entrypoint.sh: $*" >&2; }

if [ "${1:-}" != postgres ]; then exec "$@"; fi

if [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA"
    chmod 700 "$PGDATA"
    find "$PGDATA" ! -user postgres -exec chown postgres:postgres {} +
    exec setpriv --reuid=postgres --regid=postgres --init-groups env HOME=/var/lib/postgresql "$0" "$@"
fi

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    user=$(value POSTGRES_USER postgres)
    database=$(value POSTGRES_DB "$user")
    password=$(value POSTGRES_PASSWORD '')
    [ -n "$password" ] || { note "POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE must be set for an empty data directory"; exit 1; }
    note "making a new data directory"
    file=$(mktemp)
    printf '%s\n' "$password" >"$file"
    # shellcheck disable=SC2086 # several arguments are meant
    initdb --username="$user" --pwfile="$file" --encoding=UTF8 --auth-local=trust --auth-host=scram-sha-256 ${POSTGRES_INITDB_ARGS:-} >/dev/null
    rm "$file"
    printf 'host all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"

    pg_ctl -D "$PGDATA" -o "-c listen_addresses=''" -w start >/dev/null
    if [ "$database" != postgres ]; then createdb --username "$user" "$database"; fi
    for script in /docker-entrypoint-initdb.d/*; do
        case $script in
            *.sh) note "running $script"; POSTGRES_USER=$user POSTGRES_DB=$database sh -eu "$script" ;;
            *.sql) note "running $script"; psql -v ON_ERROR_STOP=1 --username "$user" -d "$database" -q -f "$script" ;;
        esac
    done
    pg_ctl -D "$PGDATA" -m fast -w stop >/dev/null
    note "the data directory is ready"
fi
exec "$@" -c listen_addresses='*'
