//! Redis and what was made from it: what its own client is told in its own container.
//!
//! Keys with a time to live are gone by themselves, so they are not asked for; neither is how a value is encoded, which changes with every
//! restart.

use super::sql::LOGIN;
use crate::compose::project::Service;

/// A server, and the password that its command line names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) service: String,
    password: Option<String>,
}

/// Finds the client and the password: of the environment, of the command line, of the secrets in the container.
const CLIENT: &str = r#"
c=$(command -v redis-cli || command -v valkey-cli || command -v keydb-cli) || exit 1
ask() { "$c" --raw "$@"; }
enter() {
  unset REDISCLI_AUTH
  [ "$(ask PING 2>/dev/null)" = PONG ] && return 0
  for p in "$given" "$(value REDIS_PASSWORD)" "$(value REDIS_PASS)" "$(value VALKEY_PASSWORD)"; do
    [ -n "$p" ] || continue
    REDISCLI_AUTH=$p; export REDISCLI_AUTH
    [ "$(ask PING 2>/dev/null)" = PONG ] && return 0
  done
  for f in /run/secrets/*; do
    [ -f "$f" ] || continue
    REDISCLI_AUTH=$(cat "$f"); export REDISCLI_AUTH
    [ "$(ask PING 2>/dev/null)" = PONG ] && return 0
  done
  echo "no password in its environment, its command line or its secrets lets in" >&2; exit 1
}
enter
"#;

/// A line for each key: its name, how many elements it has, a digest of them. Of very many keys, a line for each beginning of a name.
const READ: &str = r#"
script='
local function digest(key)
  local kind = redis.call("TYPE", key).ok
  local all
  if kind == "string" then return 1, redis.sha1hex(redis.call("GET", key)) end
  if kind == "list" then all = redis.call("LRANGE", key, 0, -1)
  elseif kind == "set" then all = redis.call("SMEMBERS", key); table.sort(all)
  elseif kind == "zset" then all = redis.call("ZRANGE", key, 0, -1, "WITHSCORES")
  elseif kind == "hash" then
    local flat = redis.call("HGETALL", key); all = {}
    for i = 1, #flat, 2 do all[#all + 1] = flat[i] .. "\1" .. flat[i + 1] end
    table.sort(all)
  elseif kind == "stream" then
    all = {}
    for _, entry in ipairs(redis.call("XRANGE", key, "-", "+")) do all[#all + 1] = entry[1] .. "\1" .. table.concat(entry[2], "\1") end
  else return 1, kind end
  return #all, redis.sha1hex(table.concat(all, "\0"))
end
local many = redis.call("DBSIZE") > 2000
local lines, rows, sums, cursor, seen = {}, {}, {}, "0", {}
repeat
  local page = redis.call("SCAN", cursor, "COUNT", 1000)
  cursor = page[1]
  for _, key in ipairs(page[2]) do
    if not seen[key] and redis.call("PTTL", key) == -1 then
      seen[key] = true
      local count, sum = digest(key)
      local name = string.gsub(many and string.match(key, "^[^:%d]*") or key, "[%c]", "?")
      rows[name] = (rows[name] or 0) + (many and 1 or count)
      sums[name] = ((sums[name] or 0) + tonumber(string.sub(redis.sha1hex(key .. sum), 1, 8), 16)) % 4294967296
    end
  end
until cursor == "0"
for name, count in pairs(rows) do lines[#lines + 1] = KEYS[1] .. " " .. name .. " " .. count .. " " .. string.format("%08x", sums[name]) .. " -" end
return lines
'
for db in $(ask INFO keyspace | sed -n 's/^db\([0-9]*\):.*/\1/p'); do
  ask -n "$db" EVAL "$script" 1 "db$db" || exit 1
done
"#;

/// The client ends well whatever the server said.
const ONLY_NUMBERS: &str = r#"
printf '%s\n' "$said" | while read -r line; do
  case $line in ''|OK|QUEUED) ;; *[!0-9]*) echo "$line" >&2; exit 1 ;; esac
done || exit 1
printf '%s\n' "$said"
"#;

impl Server {
    /// The server that a service runs, by the last part of its image's name.
    pub(super) fn of(name: &str, service: &Service) -> Option<Self> {
        let image = service.image.rsplit('/').next()?.split([':', '@']).next()?;
        if !matches!(image, "redis" | "redis-stack-server" | "valkey" | "keydb") {
            return None;
        }
        let words: Vec<String> =
            service.command.iter().flatten().flat_map(|word| word.split_whitespace()).map(str::to_owned).collect();
        let after = words.iter().position(|word| word == "--requirepass").and_then(|at| words.get(at + 1));
        // Behind an expression of a shell stands a file or a variable, which are tried anyway.
        let password = after.map(|word| word.trim_matches(['"', '\'']).to_owned()).filter(|word| !word.contains('$'));
        Some(Self { service: name.to_owned(), password })
    }

    /// The script that tells every key.
    pub(super) fn read(&self) -> String {
        format!("{}{READ}", self.enter())
    }

    /// The script that has one command done; what it is told back is an error, when the server says that it is one.
    pub(super) fn tell(&self, command: &str) -> String {
        format!(
            "{}said=$(ask {command}) || exit 1\ncase $said in OK|[0-9]*) ;; *) echo \"$said\" >&2; exit 1 ;; esac\n",
            self.enter()
        )
    }

    /// The script that has these commands done, a line for each; it tells the numbers that they give. Any other word is an error.
    pub(super) fn numbers(&self, commands: &str) -> String {
        format!("{}said=$(ask <<'COMMANDS'\n{commands}\nCOMMANDS\n) || exit 1\n{ONLY_NUMBERS}", self.enter())
    }

    fn enter(&self) -> String {
        let given = shell_words::quote(self.password.as_deref().unwrap_or_default()).into_owned();
        format!("{LOGIN}given={given}\n{CLIENT}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(image: &str, command: &[&str]) -> Option<Option<String>> {
        let mut service = Service { image: image.to_owned(), ..Service::default() };
        service.command = Some(command.iter().map(|word| (*word).to_owned()).collect());
        Server::of("cache", &service).map(|server| server.password)
    }

    #[test]
    fn servers_are_known_by_their_image_and_tell_a_written_password() {
        assert_eq!(of("redis:7-alpine", &[]), Some(None));
        assert_eq!(
            of("docker.io/valkey/valkey:8@sha256:00", &["--requirepass", "s3cret"]),
            Some(Some("s3cret".to_owned()))
        );
        let shell = ["sh", "-c", "exec redis-server --requirepass \"$(cat /run/secrets/redis)\""];
        assert_eq!(of("redis:7", &shell), Some(None));
        assert_eq!(
            of("redis:7", &["sh", "-c", "redis-server --requirepass 'x y'"]).map(|word| word.is_some()),
            Some(true)
        );
        assert_eq!(of("redis-commander:1", &[]), None);
    }
}
