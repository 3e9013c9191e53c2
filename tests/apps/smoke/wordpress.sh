# shellcheck shell=bash disable=SC2154
# WordPress with MariaDB: a post and an upload made under the first pair of versions are there under every later one, the
# tables of both are upgraded in place, and a dump restores the post into an empty database.

wordpress_up() { # version of WordPress, of MariaDB, volumes of both
    create db --network "$run-wordpress" --network-alias db -v "$4:/var/lib/mysql" -e MARIADB_DATABASE=wordpress -e MARIADB_USER=wordpress \
        -e MARIADB_PASSWORD_FILE=/run/secrets/db_password -e MARIADB_ROOT_PASSWORD_FILE=/run/secrets/db_root_password \
        -e MARIADB_AUTO_UPGRADE=1 "taster-apps/mariadb:$2"
    put db /run/secrets/db_password "pear's tree"
    put db /run/secrets/db_root_password 'quince tree'
    create wordpress --network "$run-wordpress" -v "$3:/var/www/html/wp-content" -e WORDPRESS_DB_HOST=db -e WORDPRESS_DB_USER=wordpress \
        -e WORDPRESS_DB_NAME=wordpress -e WORDPRESS_DB_PASSWORD_FILE=/run/secrets/db_password -e WORDPRESS_TITLE=Orchard \
        -e WORDPRESS_ADMIN_PASSWORD_FILE=/run/secrets/admin_password -e WORDPRESS_URL=https://orchard.example.org "taster-apps/wordpress:$1"
    put wordpress /run/secrets/db_password "pear's tree"
    put wordpress /run/secrets/admin_password 'apple "tree"'
    # The app first: it must wait for its database.
    start wordpress
    start db
    wait_for db 120 'an answer' inside db healthcheck.sh --connect
    wait_for wordpress 120 'an answer' fetch -f "http://$(address wordpress)/wp-links-opml.php"
}
wordpress_down() { gone wordpress; gone db; }
wordpress_page() { fetch -H 'Host: orchard.example.org' -H 'X-Forwarded-Proto: https' "http://$(address wordpress)$1"; }
wordpress_sql() { inside db sh -c "mariadb -u wordpress -p\"\$(cat /run/secrets/db_password)\" -N -e \"$1\" wordpress"; }
wordpress_read() { wordpress_sql "SELECT post_title FROM wp_posts WHERE post_title LIKE 'Planting%' AND post_status = 'publish'"; }
# What maintainers put into the recipe's labels, taken from there.
wordpress_hook() { # label
    local line
    line=$(sed -n "s/.*\"$1=\\(.*\\)\"\$/\\1/p" "$here/recipes/wordpress/1/compose.yml" | sed 's/\\"/"/g; s/\$\$/$/g')
    [ -n "$line" ] || die "no label $1 in the recipe"
    inside db sh -c "$line"
}

smoke_wordpress() {
    local content data app database pairs first=1 before now page seed jar="$scratch/cookies"
    content=$(volume content) data=$(volume mariadb)
    docker network create --label taster.apps=1 --label "taster.apps.smoke=$run" "$run-wordpress" >/dev/null
    mapfile -t pairs < <(paste -d' ' <(versions wordpress) <(versions mariadb; versions mariadb | tail -n 1))
    for app in "${pairs[@]}"; do
        database=${app#* } app=${app% *}
        wordpress_up "$app" "$database" "$content" "$data"
        if [ -n "$first" ]; then
            first=''
            same 'before the post is written' '' "$(wordpress_read)"
            seed=$(sed -n "/^setpriv/,/^'$/p" "$here/recipes/wordpress/3/tests/taster.toml")
            inside wordpress sh -c "$seed"
            wordpress_down
            wordpress_up "$app" "$database" "$content" "$data"
        fi
        same "the post under $app" 'Planting apple trees' "$(wordpress_read)"
        same "the upload under $app" 'Apples, pears, quinces.' "$(inside wordpress sh -c 'cat wp-content/uploads/*/*/orchard.txt')"
        page=$(wordpress_page /)
        case $page in *Orchard*) ;; *) die "the title is not on the first page under $app" ;; esac
        case $page in *'Planting apple trees'*) ;; *) die "the post is not on the first page under $app" ;; esac
        rm -f "$jar"
        page=$(fetch -c "$jar" -b 'wordpress_test_cookie=WP%20Cookie%20check' --resolve "orchard.example.org:80:$(address wordpress)" \
            -H 'X-Forwarded-Proto: https' -o /dev/null -w '%{http_code} %{redirect_url}' -d 'log=admin&testcookie=1' \
            --data-urlencode 'pwd=apple "tree"' 'http://orchard.example.org/wp-login.php')
        case $page in 302*wp-admin*) ;; *) die "admin cannot log in under $app: $page" ;; esac
        now=$(wordpress_sql "SELECT option_value FROM wp_options WHERE option_name = 'db_version'")
        [ "$now" -gt "${before:-0}" ] || die "the tables are still at $now under $app"
        before=$now
        same "the server under $app" "$database" "$(wordpress_sql 'SELECT VERSION()' | cut -d- -f1)"
        if docker logs "$run-wordpress" 2>&1 | grep -iE 'PHP (Fatal|Parse) error'; then die "PHP failed under $app, see above"; fi
        if [ "$app" = "$(versions wordpress | tail -n 1)" ]; then
            wordpress_hook backupbot.backup.pre-hook
            docker cp "$run-db:/var/lib/mysql/dump.sql" "$scratch/dump.sql"
        fi
        wordpress_down
    done

    wordpress_up "$app" "$database" "$(volume content-empty)" "$(volume mariadb-empty)"
    same 'the post on empty volumes' '' "$(wordpress_read)"
    docker cp "$scratch/dump.sql" "$run-db:/var/lib/mysql/dump.sql"
    wordpress_hook backupbot.restore.post-hook
    same 'the post after the dump was read back' 'Planting apple trees' "$(wordpress_read)"
    wordpress_down
}
