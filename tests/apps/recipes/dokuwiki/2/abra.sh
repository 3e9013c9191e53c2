export PHP_INI_VERSION=v2

# Usage: abra app cmd <domain> app reindex
# Builds the search index anew, for example after a restore.
reindex() {
    php /usr/share/dokuwiki/bin/indexer.php -q
}
