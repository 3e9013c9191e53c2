# The server and the programs around it without Debian's service, its Perl scripts and its cluster library. Only the dump and
# the administration program come from the client package, which would bring those along.
case $SUITE in bullseye) series=-10.5 ;; *) series= ;; esac
groupadd --system --gid 999 mysql
useradd --system --uid 999 --gid mysql --home-dir /var/lib/mysql --no-create-home --shell /usr/sbin/nologin mysql
apt-get update -qq
apt-get install -y -qq "mariadb-server-core$series" "mariadb-client-core$series"
cd /tmp
apt-get download -qq "mariadb-client$series"
dpkg-deb -x mariadb-client*.deb client
cp client/usr/bin/mariadb-dump client/usr/bin/mariadb-admin /usr/bin/
rm -r client mariadb-client*.deb
cd /

dpkg-query -Wf '${Version}' "mariadb-server-core$series" | sed 's/^[0-9]*://; s/[-+].*//' >/upstream-version
rm -f /usr/bin/innochecksum /usr/bin/aria_* /etc/mysql/conf.d/mysql*.cnf
install -d -o mysql -g mysql /var/lib/mysql /run/mysqld
mkdir -p /docker-entrypoint-initdb.d
