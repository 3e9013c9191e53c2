export RADICALE_CONF_VERSION=v3
export USERS_VERSION=v1
export HTPASSWD_CONF_VERSION=v1

# Usage: abra app cmd <domain> app collections
# Lists every calendar and address book with its owner.
collections() {
    find /data/collections/collection-root -mindepth 2 -maxdepth 2 -type d -printf '%P\n'
}

# Usage: abra app cmd <domain> app verify
# Checks that everything stored can be read.
verify() {
    python3 -m radicale --verify-storage
}
