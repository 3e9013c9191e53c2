#!/usr/bin/env bash
# Sets up what the tests and the demo need beyond Rust and Docker Engine. Sourced by the other scripts; does nothing twice.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

fail() {
    echo "error: $*" >&2
    exit 1
}

command -v cargo >/dev/null || fail "cargo is not installed: install Rust $(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml) or newer"
command -v docker >/dev/null || fail "the docker command is not installed: install Docker Engine"
docker version >/dev/null 2>&1 || fail "no Docker Engine answers at ${DOCKER_HOST:-/var/run/docker.sock}: start it"

# Whether a Chromium is found where taster looks for one.
chromium_there() {
    local name
    for name in "${TASTER_CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
        [ -n "$name" ] && command -v "$name" >/dev/null && return
    done
    return 1
}

# Installs Debian packages that are missing. Names only: where they come from is the machine's business.
packages() {
    local missing=()
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    command -v apt-get >/dev/null || fail "please install: ${missing[*]}"
    echo "installing ${missing[*]}"
    local sudo=()
    [ "$(id -u)" -eq 0 ] || sudo=(sudo)
    "${sudo[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}
