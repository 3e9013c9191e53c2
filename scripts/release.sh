#!/usr/bin/env bash
# Builds one static binary with its checksum: dist/taster-linux-<amd64|arm64> and dist/SHA256SUMS.
# Usage: scripts/release.sh amd64|arm64            builds and checks
#        scripts/release.sh check FILE amd64|arm64 only checks a file
# cargo-zigbuild brings the C compiler for both (`pip install cargo-zigbuild ziglang`); the targets come from `rustup target add`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() {
    echo "error: $*" >&2
    exit 1
}

# Whether a file is a static executable for this machine: an interpreter or a needed library would be looked for where it runs.
check() {
    local file=$1 arch=$2 head
    head=$(readelf --wide --file-header --program-headers --dynamic "$file") || fail "$file is no executable"
    case "$arch" in
        amd64) grep -q 'Machine:.*X86-64' <<<"$head" ;;
        arm64) grep -q 'Machine:.*AArch64' <<<"$head" ;;
        *) fail "unknown machine $arch: amd64 or arm64" ;;
    esac || fail "$file is not for $arch"
    ! grep -q 'INTERP' <<<"$head" || fail "$file is not static: it names an interpreter"
    ! grep -q '(NEEDED)' <<<"$head" || fail "$file is not static: it needs libraries"
}

case "${1:-}" in
    check) check "${2:?a file}" "${3:?amd64 or arm64}" ;;
    amd64 | arm64)
        arch=$1
        case "$arch" in amd64) target=x86_64-unknown-linux-musl ;; arm64) target=aarch64-unknown-linux-musl ;; esac
        cargo zigbuild --release --locked --target "$target"
        mkdir -p dist
        install -m 0755 "${CARGO_TARGET_DIR:-target}/$target/release/taster" "dist/taster-linux-$arch"
        check "dist/taster-linux-$arch" "$arch"
        (cd dist && sha256sum taster-linux-* >SHA256SUMS)
        ;;
    *) fail "usage: scripts/release.sh amd64|arm64, or scripts/release.sh check FILE amd64|arm64" ;;
esac
