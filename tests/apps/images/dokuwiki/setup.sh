apt-get update -qq
apt-get install -y -qq dokuwiki
sed 's/ .*//' /usr/share/dokuwiki/VERSION >/upstream-version

# What a wiki writes lives in one volume, /storage. Its defaults are kept aside: they are laid over the volume at each
# start, as an upgrade by hand would do.
rm -f /etc/dokuwiki/acl.auth.php /etc/dokuwiki/users.auth.php /etc/dokuwiki/local.php /etc/dokuwiki/apache.conf
mv /etc/dokuwiki /usr/share/dokuwiki-conf
ln -s /storage/conf /etc/dokuwiki
sed -i "s#/var/lib/dokuwiki/data#/storage/data#" /usr/share/dokuwiki-conf/dokuwiki.php
mv /var/lib/dokuwiki/data /usr/share/dokuwiki-data
rm -f /usr/share/dokuwiki-data/dont-panic* /usr/share/dokuwiki/install.php /usr/share/dokuwiki/.htaccess
mkdir /storage
