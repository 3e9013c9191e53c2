# shellcheck shell=bash disable=SC2154
# Radicale: an event written in the first version is read in every later one.

radicale_event='BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//taster//smoke//EN
BEGIN:VEVENT
UID:planting@taster
DTSTAMP:20240401T080000Z
DTSTART:20240402T090000Z
SUMMARY:Planting apple trees
END:VEVENT
END:VCALENDAR
'

radicale_up() { # version volume
    create radicale -v "$2:/data" "taster-apps/radicale:$1"
    put radicale /etc/radicale/config "$(sed 's/{{.*}}//' "$here/recipes/radicale/1/radicale.conf")"
    put radicale /etc/radicale/users 'admin:apple tree' 2999 0400
    start radicale
    wait_for radicale 30 'an answer' fetch -f "http://$(address radicale):5232/.web/" -L
}

radicale_read() { fetch -u 'admin:apple tree' "http://$(address radicale):5232/admin/garden/planting.ics" | tr -d '\r' | sed -n 's/^SUMMARY://p'; }

smoke_radicale() {
    local version volume url first=1
    volume=$(volume radicale)
    for version in $(versions radicale); do
        radicale_up "$version" "$volume"
        if [ -n "$first" ]; then
            first=''
            url="http://$(address radicale):5232/admin/garden/"
            same 'a stranger' 401 "$(fetch -o /dev/null -w '%{http_code}' -X PROPFIND "$url")"
            same 'before the event is written' '' "$(radicale_read)"
            fetch -f -u 'admin:apple tree' -X MKCALENDAR "$url" >/dev/null
            fetch -f -u 'admin:apple tree' -X PUT --data-binary @- -H 'Content-Type: text/calendar' "${url}planting.ics" <<<"$radicale_event" >/dev/null
            gone radicale
            radicale_up "$version" "$volume"
        fi
        same "the event under $version" 'Planting apple trees' "$(radicale_read)"
        gone radicale
    done
    radicale_up "$version" "$(volume radicale-empty)"
    same 'the event on an empty volume' '' "$(radicale_read)"
    gone radicale
}
