find /opt/app -type d -name tests -prune -exec rm -rf {} +
python3 -m compileall -q /opt/app
useradd --uid 2998 --no-create-home --shell /usr/sbin/nologin ihatemoney
mkdir -p /etc/ihatemoney
# An upgrade may replace the database while the app starts. gunicorn ends with 3 when the app cannot be loaded: that is tried again.
cat >/usr/local/bin/ihatemoney <<'START'
#!/bin/sh
stopped=
trap 'stopped=1; kill -TERM "$server"' TERM INT
attempts=0
while :; do
    python3 -m gunicorn --bind 0.0.0.0:8000 --threads 4 --access-logfile - ihatemoney.wsgi:application &
    server=$!
    code=0
    wait "$server" || code=$?
    if [ -n "$stopped" ]; then
        wait "$server"
        exit 0
    fi
    attempts=$((attempts + 1))
    [ "$code" -eq 3 ] && [ "$attempts" -lt 20 ] || exit "$code"
    sleep 3
done
START
chmod 0755 /usr/local/bin/ihatemoney
