#!/bin/sh
# Waits for the database, installs the site if there is none, upgrades its tables if they are older than the code, and puts
# the themes and plugins that came with this image into wp-content, which is a volume.
set -eu

content=/var/www/html/wp-content
for folder in themes plugins; do
    mkdir -p "$content/$folder"
    cp -R "/usr/src/wp-content/$folder/." "$content/$folder"
done
mkdir -p "$content/uploads"
[ -e "$content/index.php" ] || printf '<?php\n' >"$content/index.php"
# Plugins that a recipe mounts as configs cannot change their owner.
find "$content" -path "$content/mu-plugins" -prune -o ! -user www-data -exec chown -h www-data:www-data {} +

setpriv --reuid=www-data --regid=www-data --init-groups php /usr/local/share/wordpress-start.php
exec "$@"
