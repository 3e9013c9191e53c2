#!/usr/bin/env bash
# Builds taster and shows it at work on its built-in recipes: no registry, no network beyond crates and Debian packages.
# Usage: scripts/demo.sh [arguments of `taster demo`]
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

# The C compiler is for ring, the one dependency that is not all Rust; git reads nothing here but helps who looks around.
packages gcc libc6-dev
cargo build --quiet --locked
exec target/debug/taster demo "$@"
