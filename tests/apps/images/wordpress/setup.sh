apt-get update -qq
case $SUITE in
    bullseye) theme=twentytwentyone ;;
    bookworm) theme=twentytwentythree ;;
    *) theme=twentytwentyfive ;;
esac
apt-get install -y -qq wordpress "wordpress-theme-$theme"
dpkg-query -Wf '${Version}' wordpress | sed 's/[-+].*//' >/upstream-version

# One tree at the place where the official image has it. Debian's package points to other packages beside its own folder
# and keeps what a site writes elsewhere.
rm -rf /var/www/html
mv /usr/share/wordpress /var/www/html
ln -s /usr/share/php /usr/share/javascript /var/www/
rm -f /var/www/html/.htaccess /var/www/html/wp-config.php
mkdir -p /usr/src/wp-content/themes /usr/src/wp-content/plugins
for folder in /var/www/html/wp-content /var/lib/wordpress/wp-content; do
    if [ -d "$folder" ] && [ ! -L "$folder" ]; then cp -RL "$folder/." /usr/src/wp-content 2>/dev/null || true; fi
done
rm -rf /var/www/html/wp-content /var/lib/wordpress
[ -f "/usr/src/wp-content/themes/$theme/style.css" ]
mkdir /var/www/html/wp-content
mv /usr/src/wp-config.php /var/www/html/
