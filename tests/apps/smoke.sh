#!/bin/bash
# Tries the real apps without swarm: each boots, answers, keeps its data when its container is replaced, and goes up
# through every version on one volume. At last the newest version starts on an empty volume, where the probe must
# miss the data: a probe that cannot fail proves nothing. Then every release of each recipe, alone and with each of
# its overlays, must load in `docker stack config`.
#
#   smoke.sh [APP…]
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
run=smoke-$$
readonly here run
scratch=$(mktemp -d "${TMPDIR:-/tmp}/taster-smoke.XXXXXX")

say() { printf '%s\n' "$*" >&2; }
die() {
    say "smoke.sh: $*"
    for container in $(docker ps -aq --filter "label=taster.apps.smoke=$run"); do
        say "--- the last lines of $(docker inspect -f '{{.Name}}' "$container")"
        docker logs --tail 15 "$container" >&2 2>&1 || true
    done
    exit 1
}
cleanup() {
    docker ps -aq --filter "label=taster.apps.smoke=$run" | xargs -r docker rm -fv >/dev/null
    docker volume ls -q --filter "label=taster.apps.smoke=$run" | xargs -r docker volume rm >/dev/null
    docker network ls -q --filter "label=taster.apps.smoke=$run" | xargs -r docker network rm >/dev/null
    rm -rf "$scratch"
}
trap cleanup EXIT
trap 'if [ "$BASH_SUBSHELL" = 0 ]; then die "line $LINENO: $BASH_COMMAND"; fi' ERR
set -E

volume() { docker volume create --label taster.apps=1 --label "taster.apps.smoke=$run" "$run-$1" >/dev/null; printf '%s' "$run-$1"; }
create() { # name argument…: a container that is not started yet
    local name=$1; shift
    docker create --name "$run-$name" --hostname "$name" --label taster.apps=1 --label "taster.apps.smoke=$run" "$@" >/dev/null
}
put() { # container path content [owner]: a file, as swarm would mount a config or a secret
    local root="$scratch/put"
    rm -rf "$root"; mkdir -p "$root$(dirname "$2")"
    printf '%s' "$3" >"$root$2"
    chmod "${5:-0444}" "$root$2"
    tar -C "$root" --owner="${4:-0}" --group="${4:-0}" -c ".$2" | docker cp - "$run-$1:/"
}
start() { docker start "$run-$1" >/dev/null; }
gone() { docker stop -t 30 "$run-$1" >/dev/null; docker rm -v "$run-$1" >/dev/null; }
address() { docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$run-$1"; }
inside() { local name=$1; shift; docker exec "$run-$name" "$@"; }
fetch() { curl -sS --max-time 20 "$@"; }

# Waits until the command is content; a container that ended is not waited for.
wait_for() { # container seconds what command…
    local name=$1 limit=$2 what=$3 until=$((SECONDS + $2)); shift 3
    until "$@" >/dev/null 2>&1; do
        [ "$(docker inspect -f '{{.State.Running}}' "$run-$name")" = true ] || die "$name ended before $what"
        [ $SECONDS -lt $until ] || die "$name: $what did not happen within $limit s"
        sleep 0.3
    done
}
same() { # what expected actual
    [ "$2" = "$3" ] || die "$1: expected '$2', got '$3'"
}
versions() { "$here/build.sh" --list | awk -v i="$1" '$1 == i { print $3 }'; }

for app in "$here"/smoke/*.sh; do
    # shellcheck source=/dev/null
    . "$app"
done

# Every release and the tip of main, the base file alone and with each overlay that `.env.sample` knows.
load_recipe() {
    local repository="$scratch/recipes/$1" revision tree overlay files count=0
    while read -r revision; do
        tree="$scratch/tree"
        rm -rf "$tree"; mkdir "$tree"
        git -C "$repository" archive "$revision" | tar -x -C "$tree"
        for overlay in '' "$tree"/compose.*.yml; do
            files=(-c "$tree/compose.yml")
            [ -z "$overlay" ] || [ -f "$overlay" ] || continue
            if [ -f "$overlay" ]; then
                files+=(-c "$overlay")
                grep -q "${overlay##*/}" "$tree/.env.sample" || die "$1 $revision: .env.sample does not mention ${overlay##*/}"
            fi
            (
                set -a
                # What an operator would have after uncommenting the options; our own files, so sourcing them is fine.
                sed -E '/COMPOSE_FILE/!s/^#([A-Z_]+=)/\1/' "$tree/.env.sample" >"$tree/env"
                export STACK_NAME=smoke
                # shellcheck source=/dev/null
                . "$tree/env"
                eval "$(grep '^export ' "$tree/abra.sh")"
                while read -r name; do
                    [ -n "${!name+set}" ] || { echo "$name has no value and no default" >"$tree/error"; exit 1; }
                done < <(grep -hoE '[^$]\$\{[A-Z_]+\}' "$tree/compose.yml" ${overlay:+"$overlay"} | grep -oE '[A-Z_]+')
                docker stack config "${files[@]}" >"$tree/loaded" 2>"$tree/error"
            ) || die "$1 $revision ${overlay##*/} does not load: $(cat "$tree/error")"
            count=$((count + 1))
        done
    done < <(git -C "$repository" for-each-ref --format='%(refname:short)' refs/tags refs/heads)
    say "$1: $count ways to load it, all fine"
}

if [ $# -eq 0 ]; then
    for app in "$here"/smoke/*.sh; do set -- "$@" "$(basename "$app" .sh)"; done
fi
"$here/build.sh" "$@"
"$here/recipes.sh" "$scratch/recipes" "$@"
for app; do
    from=$SECONDS
    "smoke_$app"
    say "$app: up through $(versions "$app" | paste -sd' ') in $((SECONDS - from)) s, data intact"
    load_recipe "$app"
done
