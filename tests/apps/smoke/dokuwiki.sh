# shellcheck shell=bash disable=SC2154
# DokuWiki: a page saved through the browser's form in the first version is read in every later one.

dokuwiki_up() { # version volume
    create dokuwiki -v "$2:/storage" -e DOKUWIKI_TITLE='Orchard wiki' -e DOKUWIKI_ADMIN_PASSWORD_FILE=/run/secrets/admin_password \
        "taster-apps/dokuwiki:$1"
    put dokuwiki /run/secrets/admin_password 'apple tree'
    start dokuwiki
    wait_for dokuwiki 60 'an answer' fetch -f "http://$(address dokuwiki)/doku.php?id=start"
}

dokuwiki_read() { fetch "http://$(address dokuwiki)/doku.php?id=garden:orchard" | grep -o 'Apples, pears, quinces' || true; }
dokuwiki_token() { sed -n 's/.*name="sectok" value="\([0-9a-f]*\)".*/\1/p' | head -n 1; }
dokuwiki_login() { # cookie jar
    local url
    url="http://$(address dokuwiki)/doku.php"
    fetch -f -c "$1" -b "$1" -o /dev/null -d 'do=login&id=start&u=admin' --data-urlencode 'p=apple tree' \
        -d "sectok=$(fetch -c "$1" -b "$1" "$url?id=start&do=login" | dokuwiki_token)" "$url"
}

smoke_dokuwiki() {
    local version volume url first=1 jar="$scratch/cookies" page
    volume=$(volume dokuwiki)
    for version in $(versions dokuwiki); do
        dokuwiki_up "$version" "$volume"
        url="http://$(address dokuwiki)/doku.php"
        page=$(fetch -f "$url?id=start")
        case $page in *'Orchard wiki'*) ;; *) die "the title of the wiki is not on its first page under $version" ;; esac
        for path in /conf/users.auth.php /data/pages/wiki/welcome.txt /storage/conf/users.auth.php; do
            case $(fetch -o /dev/null -w '%{http_code}' "http://$(address dokuwiki)$path") in
                403 | 404) ;;
                *) die "$path can be read from outside under $version" ;;
            esac
        done
        if [ -n "$first" ]; then
            first=''
            same 'before the page is written' '' "$(dokuwiki_read)"
            dokuwiki_login "$jar"
            page=$(fetch -c "$jar" -b "$jar" "$url?id=garden:orchard&do=edit")
            fetch -f -c "$jar" -b "$jar" -o /dev/null -d "sectok=$(dokuwiki_token <<<"$page")" -d 'id=garden:orchard&rev=0&date=0&do[save]=1' \
                -d 'prefix=.&suffix=&summary=first+trees' --data-urlencode 'wikitext=Apples, pears, quinces' "$url"
            gone dokuwiki
            dokuwiki_up "$version" "$volume"
        fi
        same "the page under $version" 'Apples, pears, quinces' "$(dokuwiki_read)"
        # The one who may is let in again, with the password of the first start.
        rm -f "$jar"
        dokuwiki_login "$jar"
        page=$(fetch -b "$jar" "http://$(address dokuwiki)/doku.php?id=start")
        case $page in *do=logout*) ;; *) die "admin cannot log in under $version" ;; esac
        if docker logs "$run-dokuwiki" 2>&1 | grep -iE 'PHP (Fatal|Parse) error'; then die "PHP failed under $version, see above"; fi
        gone dokuwiki
    done
    dokuwiki_up "$version" "$(volume dokuwiki-empty)"
    same 'the page on an empty volume' '' "$(dokuwiki_read)"
    gone dokuwiki
}
