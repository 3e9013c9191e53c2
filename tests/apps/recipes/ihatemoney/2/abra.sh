export APP_CFG_VERSION=v1
export PG_BACKUP_VERSION=v2

# Usage: abra app cmd <domain> db prepare
# Before an upgrade to a release with another major version of PostgreSQL. Nobody should enter anything after this.
prepare() {
    /pg_backup.sh prepare
}
