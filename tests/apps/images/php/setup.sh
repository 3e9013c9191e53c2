# Apache with PHP. An empty package stands in for what the packages ask for and these images have no use for: Perl, Apache's
# own configuration, a database client, and the image library that brings six video codecs.
mkdir -p /tmp/stand-in/DEBIAN
cat >/tmp/stand-in/DEBIAN/control <<'CONTROL'
Package: taster-apps-stand-in
Version: 1
Architecture: ARCHITECTURE
Multi-Arch: allowed
Maintainer: taster
Provides: httpd, perl, php-gd, virtual-mysql-client
Description: stands in for what the image has no use for
CONTROL
sed -i "s/ARCHITECTURE/$(dpkg --print-architecture)/" /tmp/stand-in/DEBIAN/control
dpkg-deb --build /tmp/stand-in /tmp/stand-in.deb
dpkg -i /tmp/stand-in.deb
rm -r /tmp/stand-in /tmp/stand-in.deb

apt-get update -qq
apt-get install -y -qq apache2-bin media-types libapache2-mod-php php-xml php-mbstring php-mysql

module=$(basename "$(ls /usr/lib/apache2/modules/libphp*.so)")
case $module in
    libphp7*) symbol=php7_module ;;
    *) symbol=php_module ;;
esac
printf 'LoadModule %s /usr/lib/apache2/modules/%s\n' "$symbol" "$module" >/etc/apache2/php.conf
mkdir -p /var/www/html /run/apache2
