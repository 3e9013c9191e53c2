python3 -m compileall -q /opt/app
useradd --uid 2999 --home-dir /data --no-create-home --shell /usr/sbin/nologin radicale
install -d -o radicale -g radicale /data /data/collections
