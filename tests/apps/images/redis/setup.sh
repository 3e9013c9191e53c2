# The server and its client, as the official image has them.
apt-get update -qq
apt-get install -y -qq redis-server redis-tools
dpkg-query -Wf '${Version}' redis-server | sed 's/^[0-9]*://; s/[-+].*//' >/upstream-version
mkdir -p /data
