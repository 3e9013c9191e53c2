find /opt/app -type d -name tests -prune -exec rm -rf {} +
python3 -m compileall -q /opt/app
useradd --uid 2998 --no-create-home --shell /usr/sbin/nologin ihatemoney
mkdir -p /etc/ihatemoney
