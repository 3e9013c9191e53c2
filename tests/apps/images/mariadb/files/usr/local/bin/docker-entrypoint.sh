#!/bin/sh
# What MariaDB's official image does, as far as recipes use it: MARIADB_ROOT_PASSWORD, MARIADB_DATABASE, MARIADB_USER,
# MARIADB_PASSWORD, each also as *_FILE; scripts in /docker-entrypoint-initdb.d for an empty data directory;
# MARIADB_AUTO_UPGRADE to upgrade the system tables when a newer server finds older ones.
set -eu

data=/var/lib/mysql
socket=/run/mysqld/mysqld.sock

value() { # name: its value, or the content of the file that name_FILE names
    eval "set -- \"\${$1:-}\" \"\${${1}_FILE:-}\""
    if [ -n "$2" ]; then cat "$2"; else printf '%s' "$1"; fi
}
quoted() { printf '%s' "$1" | sed "s/\\\\/\\\\\\\\/g; s/'/''/g; s/^/'/; s/\$/'/"; }
note() { echo "docker-entrypoint.sh: $*" >&2; }

# A server that only this script can reach.
start_alone() {
    mariadbd --skip-networking --socket="$socket" "$@" &
    server=$!
    tries=0
    until mariadb-admin --socket="$socket" --silent ping >/dev/null 2>&1; do
        kill -0 "$server" 2>/dev/null || { note "the server ended while it was being prepared"; exit 1; }
        tries=$((tries + 1))
        [ "$tries" -lt 240 ] || { note "the server did not answer within 120 s"; exit 1; }
        sleep 0.5
    done
}
stop_alone() { kill "$server"; wait "$server"; }

if [ "${1:-}" != mariadbd ]; then exec "$@"; fi

chown mysql:mysql "$data" /run/mysqld
if [ ! -d "$data/mysql" ]; then
    root=$(value MARIADB_ROOT_PASSWORD)
    [ -n "$root" ] || { note "MARIADB_ROOT_PASSWORD or MARIADB_ROOT_PASSWORD_FILE must be set for an empty data directory"; exit 1; }
    note "making a new data directory"
    mariadb-install-db --user=mysql --datadir="$data" --auth-root-authentication-method=normal --skip-test-db >/dev/null
    start_alone
    database=$(value MARIADB_DATABASE)
    user=$(value MARIADB_USER)
    {
        if [ -n "$database" ]; then printf 'CREATE DATABASE IF NOT EXISTS `%s`;\n' "$database"; fi
        if [ -n "$user" ]; then
            printf "CREATE USER %s@'%%' IDENTIFIED BY %s;\n" "$(quoted "$user")" "$(quoted "$(value MARIADB_PASSWORD)")"
            if [ -n "$database" ]; then printf "GRANT ALL ON \`%s\`.* TO %s@'%%';\n" "$database" "$(quoted "$user")"; fi
        fi
        printf "CREATE USER 'root'@'%%' IDENTIFIED BY %s; GRANT ALL ON *.* TO 'root'@'%%' WITH GRANT OPTION;\n" "$(quoted "$root")"
        printf "ALTER USER 'root'@'localhost' IDENTIFIED BY %s;\n" "$(quoted "$root")"
    } | mariadb --socket="$socket" -u root
    for script in /docker-entrypoint-initdb.d/*; do
        case $script in
            *.sh) note "running $script"; . "$script" ;;
            *.sql) note "running $script"; MYSQL_PWD=$root mariadb --socket="$socket" -u root "$database" <"$script" ;;
        esac
    done
    stop_alone
    note "the data directory is ready"
elif [ -n "${MARIADB_AUTO_UPGRADE:-}" ]; then
    # Which server last upgraded the system tables: the file was renamed in MariaDB 11.
    last=$(cat "$data/mariadb_upgrade_info" "$data/mysql_upgrade_info" 2>/dev/null | head -n 1 | tr -d '\000' | cut -d- -f1)
    now=$(mariadbd --version | sed 's/.*Ver \([0-9.]*\).*/\1/')
    if [ "${last%.*}" != "${now%.*}" ]; then
        note "upgrading the system tables from ${last:-an unknown version} to $now"
        start_alone --skip-grant-tables
        mariadb-upgrade --socket="$socket" --silent
        stop_alone
    fi
fi
exec "$@"
