# shellcheck shell=bash disable=SC2154
# I Hate Money with PostgreSQL: a bill entered under the first version is there under every later one. A new major version of
# PostgreSQL refuses the old data directory, and starts from the dump that the recipe's own scripts make.

ihatemoney_db() { # version, volume of its data, volume of the dumps, argument…
    local version=$1 data=$2 dumps=$3; shift 3
    create db --network "$run-ihatemoney" --network-alias db -v "$data:/var/lib/postgresql/data" -v "$dumps:/dumps" \
        -e POSTGRES_USER=ihatemoney -e POSTGRES_DB=ihatemoney -e POSTGRES_PASSWORD_FILE=/run/secrets/db_password "$@" "taster-apps/postgres:$version" postgres
    put db /run/secrets/db_password 'peartree'
    put db /pg_backup.sh "$(cat "$here/recipes/ihatemoney/2/pg_backup.sh")" 0 0555
    put db /entrypoint.sh "$(cat "$here/recipes/ihatemoney/3/entrypoint.postgres.sh")" 0 0555
    put db /docker-entrypoint-initdb.d/10-upgrade.sh "$(cat "$here/recipes/ihatemoney/3/first-start.postgres.sh")" 0 0555
    start db
}
ihatemoney_db_ready() { wait_for db 120 'a database that lets us in' inside db pg_isready -q -h 127.0.0.1 -U ihatemoney -d ihatemoney; }
ihatemoney_app() { # version
    create app --network "$run-ihatemoney" "taster-apps/ihatemoney:$1"
    put app /etc/ihatemoney/ihatemoney.cfg "$(sed -e 's/{{ secret "db_password" }}/peartree/; s/{{ env "DB_HOST" }}/db/; s/{{ secret "secret_key" }}/00ff/' \
        -e 's/{{ env "SITE_NAME" }}/Orchard/; s/{{ env "PUBLIC_PROJECTS" }}/True/; /{{ if/,/{{ end/d' "$here/recipes/ihatemoney/1/ihatemoney.cfg.tmpl")" 2998 0400
    start app
    wait_for app 120 'an answer' fetch -f "http://$(address app):8000/"
}
ihatemoney_read() { fetch -u orchard:apple-tree "http://$(address app):8000/api/projects/orchard/bills" | grep -o '"what": *"[^"]*"' | cut -d'"' -f4 || true; }
ihatemoney_ends() { # what it must say; the container must end by itself, and badly
    local code
    code=$(timeout 60 docker wait "$run-db")
    [ "$code" != 0 ] || die "the database ended with 0, it should have refused"
    docker logs "$run-db" 2>&1 | grep -q "$1" || die "the database ended with $code without saying '$1'"
    docker rm -v "$run-db" >/dev/null
}

smoke_ihatemoney() {
    local app apps database databases data dumps before='' last='' now first=1
    mapfile -t apps < <(versions ihatemoney)
    mapfile -t databases < <(versions postgres)
    data=$(volume pg13) dumps=$(volume dumps)
    docker network create --label taster.apps=1 --label "taster.apps.smoke=$run" "$run-ihatemoney" >/dev/null
    ihatemoney_db "${databases[0]}" "$data" "$dumps"
    ihatemoney_db_ready
    for app in "${apps[@]}"; do
        # Where the recipe moves to PostgreSQL 15, and where its branch moves to 17.
        case $app in
            "${apps[2]}") database=${databases[1]} ;;
            "${apps[3]}") database=${databases[2]} ;;
            *) database='' ;;
        esac
        if [ -n "$database" ]; then
            gone db
            ihatemoney_db "$database" "$data" "$dumps"
            ihatemoney_ends 'incompatible with server'
            ihatemoney_db "$database" "$(volume "pg-without-dump-$database")" "$dumps" -v "$data:/old:ro" --entrypoint /entrypoint.sh
            ihatemoney_ends 'and no dump of it'
            ihatemoney_db "$last" "$data" "$dumps"
            ihatemoney_db_ready
            inside db /pg_backup.sh prepare
            gone db
            now=$(volume "pg-$database")
            ihatemoney_db "$database" "$now" "$dumps" -v "$data:/old:ro" --entrypoint /entrypoint.sh
            ihatemoney_db_ready
            inside db rm /dumps/upgrade.sql
            data=$now
        fi
        last=${database:-${last:-${databases[0]}}}
        ihatemoney_app "$app"
        if [ -n "$first" ]; then
            first=''
            same 'before the bill is entered' '' "$(ihatemoney_read)"
            inside app sh -c "$(sed -n '/^python3 -c/,/^"$/p' "$here/recipes/ihatemoney/3/tests/taster.toml")"
            gone app
            gone db
            ihatemoney_db "$last" "$data" "$dumps"
            ihatemoney_db_ready
            ihatemoney_app "$app"
        fi
        same "the bill under $app" 'Apple trees' "$(ihatemoney_read)"
        now=$(inside db psql -U ihatemoney -d ihatemoney -At -c 'SELECT version_num FROM alembic_version')
        say "  $app with PostgreSQL $last: schema ${before:-new} to $now"
        before=$now
        gone app
    done
    inside db /pg_backup.sh backup
    gone db

    ihatemoney_db "$last" "$(volume pg-empty)" "$dumps"
    ihatemoney_db_ready
    ihatemoney_app "$app"
    same 'the bill on an empty volume' '' "$(ihatemoney_read)"
    inside db /pg_backup.sh restore
    same 'the bill after the dump was read back' 'Apple trees' "$(ihatemoney_read)"
    gone app
    gone db
}
