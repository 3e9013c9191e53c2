# The server without Debian's clusters, which need Perl, and without the compiler for queries, which is larger than the rest
# and which the server does without when its library is not there.
case $SUITE in bullseye) major=13 ;; bookworm) major=15 ;; trixie) major=17 ;; esac
groupadd --system --gid 999 postgres
useradd --system --uid 999 --gid postgres --home-dir /var/lib/postgresql --shell /bin/sh postgres
apt-get update -qq
mkdir /tmp/packages
cd /tmp/packages
chmod 777 .
apt-get download -qq "postgresql-$major" "postgresql-client-$major"
wanted=$(for package in *.deb; do dpkg-deb -f "$package" Depends; echo; done | tr ',' '\n' |
    sed 's/|.*//; s/(.*//; s/ //g' | grep '^lib' | grep -v '^libllvm' | sort -u)
# shellcheck disable=SC2086 # one word per package is meant
apt-get install -y -qq $wanted
for package in *.deb; do dpkg-deb -x "$package" /; done
cd /
rm -r /tmp/packages
bin=/usr/lib/postgresql/$major/bin
rm -rf "/usr/lib/postgresql/$major/lib/bitcode" "/usr/lib/postgresql/$major/lib/llvmjit.so" /usr/share/locale /usr/share/doc
ln -s "$bin"/* /usr/local/bin/

postgres --version | sed 's/^[^0-9]*\([0-9.]*\).*/\1/' >/upstream-version
install -d -o postgres -g postgres -m 3777 /run/postgresql
install -d -o postgres -g postgres -m 1777 /var/lib/postgresql/data
mkdir -p /docker-entrypoint-initdb.d
