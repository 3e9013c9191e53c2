#!/bin/bash
# Writes the recipes of the real apps as git repositories, as their maintainers would have made them. See README.md.
#
#   recipes.sh [--offline] DIR [APP…]
#
# DIR/APP must not exist yet. The upstream versions are those of the images that the engine holds; --offline, or an
# image that is not built, takes versions.lock instead. Same versions, same commit ids.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
readonly here

say() { printf '%s\n' "$*" >&2; }
die() { say "recipes.sh: $*"; exit 1; }

offline=''
if [ "${1:-}" = --offline ]; then offline=1; shift; fi
[ $# -ge 1 ] || { say "usage: recipes.sh [--offline] DIR [APP…]"; exit 2; }
into=$1; shift
mkdir -p "$into"
into=$(cd "$into" && pwd)
if [ $# -eq 0 ]; then
    for folder in "$here"/recipes/*/; do set -- "$@" "$(basename "$folder")"; done
fi

# `image.slot` to version; the engine's word comes last, so it counts.
declare -A found=()
while read -r image slot version; do found[$image.$slot]=$version; done < <(
    grep -v '^#' "$here/versions.lock"
    if [ -z "$offline" ]; then "$here/build.sh" --list; fi
)

# A git that knows nothing of this machine's settings.
git() {
    command env GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null GIT_AUTHOR_NAME='Ada Meadow' GIT_AUTHOR_EMAIL=ada@meadow.example.org \
        GIT_COMMITTER_NAME='Ada Meadow' GIT_COMMITTER_EMAIL=ada@meadow.example.org GIT_AUTHOR_DATE="$date" GIT_COMMITTER_DATE="$date" git "$@"
}

# Lays one release's files over the work tree: `@image.slot@` becomes an upstream version, `@version@` the recipe's.
lay() { # from repository version
    local from=$1 repository=$2 version=$3 file target script="s|@version@|$3|g" key
    for key in "${!found[@]}"; do script+=";s|@$key@|${found[$key]}|g"; done
    while IFS= read -r file; do
        target="$repository/${file//@version@/$version}"
        mkdir -p "$(dirname "$target")"
        sed "$script" "$from/$file" >"$target"
        if [ -x "$from/$file" ]; then chmod +x "$target"; fi
    done < <(cd "$from" && find . -type f ! -name .gone -printf '%P\n' | LC_ALL=C sort)
    if [ -f "$from/.gone" ]; then
        while IFS= read -r file; do rm "$repository/$file"; done <"$from/.gone"
    fi
    if grep -rnE --exclude-dir=.git '@[a-z]+(\.[0-9]+)?@' "$repository" >&2; then
        die "the lines above, laid from $from, name a version that is neither built nor in versions.lock"
    fi
}

for app; do
    sources="$here/recipes/$app"
    repository="$into/$app"
    [ -f "$sources/releases" ] || die "there is no recipe called '$app'"
    [ ! -e "$repository" ] || die "$repository is there already"
    date=2024-01-01T00:00:00Z
    git init -q --initial-branch=main "$repository"
    while read -r folder number image date subject; do
        upstream=${found[$image]:-}
        [ -n "$upstream" ] || die "$app $number needs $image, which is neither built nor in versions.lock"
        version="$number+$upstream"
        case $folder in branch-*) git -C "$repository" checkout -q -b "${folder#branch-}" main ;; esac
        lay "$sources/$folder" "$repository" "$version"
        git -C "$repository" add -A
        git -C "$repository" commit -q -m "${subject:-chore: publish $version release}"
        if [ -z "$subject" ]; then git -C "$repository" tag -a -m "chore: publish $version release" "$version"; fi
    done < <(grep -v -e '^#' -e '^$' "$sources/releases")
    git -C "$repository" checkout -q main
done
