#!/bin/sh
# A new major version starts from a dump of the old one. Without it this would be an empty database: better not to start.
set -eu

if [ -s /old/PG_VERSION ] && [ ! -s "$PGDATA/PG_VERSION" ] && [ ! -s /dumps/upgrade.sql ]; then
    echo "There is a database of PostgreSQL $(cat /old/PG_VERSION) and no dump of it." >&2
    echo "Go back to the release before, run 'abra app cmd <domain> db prepare', then upgrade again." >&2
    exit 1
fi
exec docker-entrypoint.sh "$@"
