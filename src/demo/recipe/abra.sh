export NOTES_CONF_VERSION=v2

# Adds a note: abra app cmd <domain> app note "buy tea"
note () {
  demo-app add "$1"
}
