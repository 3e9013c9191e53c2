#!/bin/bash
# Builds the images of the real apps. See README.md.
#
#   build.sh [--fresh] [--lock] [--list] [APP…]
#
# Without APP: every app of images.conf. An image whose inputs did not change is left alone, so that a second run
# does nothing. Needs root (debootstrap needs it), an engine, and Debian's and Python's package sources in reach.
set -euo pipefail
shopt -s inherit_errexit

here=$(cd "$(dirname "$0")" && pwd)
readonly here table="$here/images.conf" lock="$here/versions.lock" prefix=taster-apps
# Raise this to rebuild everything everywhere: when Debian's packages moved, or when make_base, make_site or make_image make
# something else of the same inputs.
readonly epoch=1
work=

usage() {
    cat <<'USAGE'
usage: build.sh [--fresh] [--lock] [--list] [APP…]
  --fresh   build again even what has not changed
  --lock    write the versions found to versions.lock
  --list    print `image slot tag` of what is built, build nothing
USAGE
}

say() { printf '%s\n' "$*" >&2; }
die() { say "build.sh: $*"; exit 1; }

# ---- what there is, and what it depends on ----

rows() { grep -v -e '^#' -e '^[[:space:]]*$' "$table"; }

# `image slot suite tag key` of every image that the engine holds, one per line.
built() {
    local ids
    ids=$(docker image ls -q --filter label=taster.apps=1 | sort -u)
    [ -n "$ids" ] || return 0
    # shellcheck disable=SC2086 # one word per id is meant
    docker image inspect $ids --format \
'{{$l := .Config.Labels}}{{range .RepoTags}}{{index $l "taster.apps.image"}} {{index $l "taster.apps.slot"}} {{index $l "taster.apps.suite"}} {{.}} {{index $l "taster.apps.key"}}
{{end}}' | grep -v '^$' || true
}

# `image slot version` of every image in $have that a recipe can use.
versions() {
    awk '$2 != "-" && NF { sub(/.*:/, "", $4); print $1, $2, $4 }' <<<"$have" | LC_ALL=C sort -k1,1 -k2,2n
}

digest() { sha256sum | cut -c1-20; }

base_key() { # suite
    printf '%s\n' base "$epoch" "$1" "$(base_options "$1")" | digest
}

# Everything that makes an image what it is: its folder, its parent, and its line of the table.
image_key() { # image parent-key source
    local dir="$here/images/$1" version=${3#pip=}
    {
        printf '%s\n' "$epoch" "$1" "$2" "$3" "$prologue"
        cd "$dir"
        find . -type f -not -path './pins/*' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
        find . -type f -perm -u+x -print | LC_ALL=C sort
        if [ "$3" != debian ]; then sha256sum "pins/$version.txt"; fi
    } | digest
}

# ---- making them ----

# What a build needs on this machine; installed once, and only when something has to be built.
tools() {
    local missing=()
    command -v mmdebstrap >/dev/null || missing+=(mmdebstrap)
    python3 -m pip --version >/dev/null 2>&1 || missing+=(python3-pip)
    [ ${#missing[@]} -gt 0 ] || return 0
    [ "$(id -u)" = 0 ] || die "${missing[*]} must be installed, and only root can do that"
    say "installing ${missing[*]}"
    apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# A minimal Debian without documentation and translations. The names of its package sources are whatever the
# system's own tools write: none stands in this repository. dpkg need not sync an image that we may build again. The index
# of a suite that is under development expires within days, and a mirror may lag behind by more.
# shellcheck disable=SC2016 # the hooks are shell programs with arguments of their own
base_options() { # suite
    local path perl='libfile-find-rule-perl libnumber-compare-perl libtext-glob-perl libgdbm6 libgdbm-compat4'
    for path in man doc locale info lintian bug; do printf '%s\n' "--dpkgopt=path-exclude=/usr/share/$path/*"; done
    printf '%s\n' --variant=minbase --dpkgopt=force-unsafe-io '--aptopt=Acquire::Languages "none"' '--aptopt=APT::Install-Recommends "false"' \
        '--aptopt=Acquire::Check-Valid-Until "false"' \
        '--customize-hook=printf "#!/bin/sh\nexit 101\n" >"$1/usr/sbin/policy-rc.d"; chmod 755 "$1/usr/sbin/policy-rc.d"'
    # bookworm comes with a program that merges /usr and needs Perl, some 50 MB; nothing is left to merge.
    if [ "$1" = bookworm ]; then
        printf '%s\n' --include=usr-is-merged '--customize-hook=chroot "$1" apt-get purge -y -qq usrmerge perl "perl-modules-*" "libperl5*" '"$perl"
    fi
    printf '%s\n' '--customize-hook=rm -rf "$1"/var/log/*.log "$1"/var/log/apt "$1"/var/cache/ldconfig/aux-cache'
}

make_base() { # suite key
    local options
    mapfile -t options < <(base_options "$1")
    mmdebstrap --quiet "${options[@]}" "$1" "$work/base.tar" >"$work/build.log" 2>&1 ||
        { tail -n 20 "$work/build.log" >&2; die "no base could be made from $1; the last lines are above"; }
    docker import --change "LABEL taster.apps=1 taster.apps.image=base taster.apps.slot=- taster.apps.suite=$1 taster.apps.key=$2" \
        --change 'ENV LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive' "$work/base.tar" "$prefix/base:$1" >/dev/null
    rm "$work/base.tar"
    printf '%s\n' "$prefix/base:$1"
}

# Python packages by exact version, put into $work/context/opt/app on this side: pip then uses this machine's own settings.
# A package without a wheel is built into one first; only pure Python ones are.
make_site() { # image version suite
    local pins="$here/images/$1/pins/$2.txt" python pip=(python3 -m pip --quiet --disable-pip-version-check --no-input)
    case $3 in bookworm) python=3.11 ;; trixie) python=3.13 ;; *) die "no Python version is known for $3" ;; esac
    mkdir -p "$work/wheels" "$work/context/opt/app"
    sed -n 's/ *# from source$//p' "$pins" >"$work/sources.txt"
    if [ -s "$work/sources.txt" ]; then
        "${pip[@]}" wheel --no-deps --no-binary :all: -w "$work/wheels" -r "$work/sources.txt"
    fi
    "${pip[@]}" install --no-deps --no-compile --no-warn-conflicts --target "$work/context/opt/app" --find-links "$work/wheels" \
        --only-binary :all: --python-version "$python" --platform manylinux2014_x86_64 --platform manylinux_2_28_x86_64 \
        --root-user-action ignore -r "$pins"
    rm -rf "$work/context/opt/app/bin" "$work/wheels"
}

# What an image is made by, in its container, as root. A step of `docker build` costs seconds on a slow storage driver,
# even one that only sets a label; so an image is one container and one commit, hence one layer.
readonly prologue='set -eu; export DEBIAN_FRONTEND=noninteractive
epilogue() {
    rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/debconf/*-old /var/log/*.log /var/log/apt /var/lib/dpkg/*-old /setup.sh
}
'

# Builds one image and prints its tag. The version of a Debian package is known only now: its setup.sh leaves it
# in /upstream-version.
make_image() { # image slot parent-tag suite source key
    local image=$1 slot=$2 suite=$4 source=$5 dir="$here/images/$1" id tag=$4 line changes=() options=() root="$work/context"
    rm -rf "$root" && mkdir "$root"
    if [ -d "$dir/files" ]; then cp -R "$dir/files/." "$root"; fi
    if [ "$source" != debian ]; then make_site "$image" "${source#pip=}" "$suite"; fi
    { printf "SUITE=%s\n%s" "$suite" "$prologue"; cat "$dir/setup.sh"; printf 'epilogue\n'; } >"$root/setup.sh"
    if [ -f "$dir/settings" ]; then
        while IFS= read -r line; do
            # The one instruction that a commit does not take.
            case $line in STOPSIGNAL*) options+=(--stop-signal "${line#* }") ;; *) changes+=(--change "$line") ;; esac
        done < <(grep -v '^#' "$dir/settings")
    fi
    id=$(docker create --label taster.apps=1 --label "taster.apps.image=$image" --label "taster.apps.slot=$slot" \
        --label "taster.apps.suite=$suite" --label "taster.apps.key=$6" "${options[@]}" "$3" /bin/sh /setup.sh)
    printf '%s\n' "$id" >"$work/container"
    tar -C "$root" --owner=0 --group=0 -c . | docker cp - "$id:/"
    docker start -a "$id" >"$work/build.log" 2>&1 ||
        { tail -n 40 "$work/build.log" >&2; die "the build of $image from $suite ($source) failed; its last lines are above"; }
    if [ "$slot" != - ]; then
        if [ "$source" = debian ]; then tag=$(docker cp "$id:/upstream-version" - | tar -xO); else tag=${source#pip=}; fi
        [[ $tag =~ ^[0-9A-Za-z][0-9A-Za-z._-]*$ ]] || die "$image from $suite has no usable version: '$tag'"
    fi
    docker commit --change 'CMD ["/bin/sh"]' "${changes[@]}" "$id" "$prefix/$image:$tag" >/dev/null
    docker rm "$id" >/dev/null
    rm "$work/container"
    printf '%s\n' "$prefix/$image:$tag"
}

# ---- the command ----

fresh='' write_lock='' list='' apps=()
for arg; do
    case $arg in
        --fresh) fresh=1 ;;
        --lock) write_lock=1 ;;
        --list) list=1 ;;
        -h | --help) usage; exit 0 ;;
        -*) usage >&2; exit 2 ;;
        *) rows | awk -v a="$arg" '$1 == a { found = 1 } END { exit !found }' || die "no app is called '$arg' in images.conf"
           apps+=("$arg") ;;
    esac
done

command -v docker >/dev/null || die "docker is not there"
# Two tests may ask at once: the second waits, and finds the work done.
exec 9>"${TMPDIR:-/tmp}/taster-apps.lock"
flock 9
have=$(built)
if [ -n "$list" ]; then
    versions
    exit 0
fi

# An image of that name, slot, suite and key?
is_built() { # image slot suite key
    [ -z "$fresh" ] && awk -v i="$1" -v s="$2" -v u="$3" -v k="$4" '$1 == i && $2 == s && $3 == u && $5 == k { found = 1 } END { exit !found }' <<<"$have"
}

# The rows that are asked for, with the layers they stand on, so that one app costs only what it needs.
wanted=$(rows | awk -v apps="${apps[*]}" '
    BEGIN { n = split(apps, a, " "); for (i = 1; i <= n; i++) want[a[i]] = 1 }
    { row[NR] = $0; app[NR] = $1; image[NR] = $2; parent[NR] = $4; suite[NR] = $5 }
    END {
        for (r = NR; r >= 1; r--)
            if (n == 0 || app[r] in want || (image[r] "/" suite[r]) in needed) { keep[r] = 1; needed[parent[r] "/" suite[r]] = 1 }
        for (r = 1; r <= NR; r++) if (r in keep) print row[r]
    }')

# What has to be made: `suite image slot parent source key`, parents before children.
declare -A keys=()
plan=$(while read -r app image slot parent suite source; do
    if [ -z "${keys[base/$suite]:-}" ]; then
        keys[base/$suite]=$(base_key "$suite")
        is_built base - "$suite" "${keys[base/$suite]}" || printf '%s\n' "$suite base - - - ${keys[base/$suite]}"
    fi
    [ -n "${keys[$parent/$suite]:-}" ] || die "$image of $app stands on $parent of $suite, which is not above it in images.conf"
    key=$(image_key "$image" "${keys[$parent/$suite]}" "$source")
    is_built "$image" "$slot" "$suite" "$key" || printf '%s\n' "$suite $image $slot $parent $source $key"
    if [ "$slot" = - ]; then keys[$image/$suite]=$key; fi
done <<<"$wanted")

make_suite() { # suite: what the plan has for it, one after the other
    local suite=$1 image slot parent source key tag from
    work="$work/$suite"
    mkdir "$work"
    while read -r image slot parent source key; do
        from=$SECONDS
        if [ "$image" = base ]; then
            tag=$(make_base "$suite" "$key")
        else
            tag=$(make_image "$image" "$slot" "$prefix/$parent:$suite" "$suite" "$source" "$key")
        fi
        # A slot holds one version: what was there before would be a second answer to what the recipes ask for.
        awk -v i="$image" -v s="$slot" -v u="$suite" -v t="$tag" '$1 == i && $2 == s && (s != "-" || $3 == u) && $4 != t { print $4 }' <<<"$have" |
            xargs -r docker image rm >/dev/null
        say "built $tag in $((SECONDS - from)) s"
    done < <(sed -n "s/^$suite //p" <<<"$plan")
}

readonly started=$SECONDS
did=0
if [ -n "$plan" ]; then
    did=$(wc -l <<<"$plan")
    work=$(mktemp -d "${TMPDIR:-/tmp}/taster-apps.XXXXXX")
    trap 'kill $(jobs -p) 2>/dev/null || true; wait; cat "$work"/*/container 2>/dev/null | xargs -r docker rm -f >/dev/null || true; rm -rf "$work"' EXIT
    tools
    # Suites do not depend on each other. The one with most to do goes first.
    running=0
    for suite in $(cut -d' ' -f1 <<<"$plan" | sort | uniq -c | sort -rn | awk '{ print $2 }'); do
        if [ "$running" -ge "$(nproc)" ]; then wait -n || exit 1; running=$((running - 1)); fi
        make_suite "$suite" &
        running=$((running + 1))
    done
    while [ "$running" -gt 0 ]; do wait -n || exit 1; running=$((running - 1)); done
fi
if [ "$did" -gt 0 ]; then
    # Only untagged images of ours: what a rebuilt image replaced.
    docker image prune -f --filter label=taster.apps=1 >/dev/null
fi
say "$did built, $(wc -l <<<"$wanted") wanted, $((SECONDS - started)) s"

# Debian's point releases move. The recipes follow the images; the lock file says what they were last time.
have=$(built)
now=$(versions)
if [ -n "$write_lock" ]; then
    { printf '# What build.sh --lock found last: image, slot, upstream version.\n'; printf '%s\n' "$now"; } >"$lock"
elif [ -f "$lock" ]; then
    moved=$(grep -v '^#' "$lock" | awk 'NR == FNR { old[$1 " " $2] = $3; next }
        ($1 " " $2) in old && old[$1 " " $2] != $3 { print "  " $1 ": " old[$1 " " $2] " is now " $3 }' - <(printf '%s\n' "$now"))
    if [ -n "$moved" ]; then say "newer than versions.lock (build.sh --lock writes it):"; say "$moved"; fi
fi
