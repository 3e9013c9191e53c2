#!/bin/sh
# backup: the database into the volume `dumps`; restore: from there, over what is in the database now.
# prepare: what the next major version of PostgreSQL will start from.
set -eu

case ${1:-} in
    backup)
        pg_dump -U "$POSTGRES_USER" -d "$POSTGRES_DB" --clean --if-exists --file /dumps/backup.sql.new
        mv /dumps/backup.sql.new /dumps/backup.sql
        ;;
    restore)
        psql -U "$POSTGRES_USER" -d "$POSTGRES_DB" -v ON_ERROR_STOP=1 --quiet --output /dev/null --single-transaction --file /dumps/backup.sql
        ;;
    prepare)
        pg_dump -U "$POSTGRES_USER" -d "$POSTGRES_DB" --file /dumps/upgrade.sql.new
        mv /dumps/upgrade.sql.new /dumps/upgrade.sql
        ;;
    *)
        echo "usage: pg_backup.sh backup|restore|prepare" >&2
        exit 2
        ;;
esac
