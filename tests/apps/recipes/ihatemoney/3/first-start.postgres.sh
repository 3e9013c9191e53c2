# Reads the dump of the old major version, once.
if [ -s /dumps/upgrade.sql ]; then
    psql -U "$POSTGRES_USER" -d "$POSTGRES_DB" -v ON_ERROR_STOP=1 --quiet --output /dev/null --single-transaction --file /dumps/upgrade.sql
fi
