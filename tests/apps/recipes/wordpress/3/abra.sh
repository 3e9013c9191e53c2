export PHP_INI_VERSION=v2
export SMTP_PLUGIN_VERSION=v1

# Usage: abra app cmd <domain> db dump > site.sql
dump() {
    mariadb-dump --single-transaction -u root -p"$(cat /run/secrets/db_root_password)" wordpress
}
