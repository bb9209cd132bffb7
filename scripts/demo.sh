#!/usr/bin/env bash
# Shows the gate at work: a private PostgreSQL with a small shop in it, the gate in front with policies/data-repair.json,
# and what an agent is told for a handful of statements; then dry runs, and a policy that lets them decide, and what the audit log proves. Keeps running until Ctrl-C, then removes all of it.
#
#   scripts/demo.sh [--once]       --once: end after the show
#
# PORTCULLIS_BINARY names a gate that is built already.
. "$(dirname "$0")/lib.sh"

once=false
case ${1:-} in
  '') ;;
  --once) once=true ;;
  -h | --help) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 0 ;;
  *) fail "unknown option \"$1\": see --help" ;;
esac

build_gate() {
  say "Building the gate (release)"
  (cd "$ROOT" && cmake --preset release >/dev/null)
  cmake --build "$ROOT/build/release" -j 2
}

# The role that the agent works as owns the whole database.
fill_shop() {
  local password=$1 catalog_password=$2
  own_psql "$folder/postgres" -d postgres <<SQL
CREATE ROLE agent_repair_db LOGIN PASSWORD '$password';
CREATE ROLE portcullis_catalog LOGIN PASSWORD '$catalog_password';
GRANT pg_read_all_data, pg_read_all_stats TO portcullis_catalog;  -- pg_dump must lock what it copies; who is in the way
CREATE DATABASE shop OWNER agent_repair_db;
SQL
  own_psql "$folder/postgres" -d shop <"$ROOT/scripts/demo-shop.sql"
}

# Files that only their owner reads: the gate refuses others.
write_configuration() {
  local database_password=$1 catalog_password=$2 agent_password=$3
  umask 077
  printf '%s\n' "$database_password" >"$folder/agent_repair_db.pw"
  printf '%s\n' "$catalog_password" >"$folder/portcullis_catalog.pw"
  printf '%s\n' "$agent_password" | "$gate" user agent_repair --file "$folder/logins.conf" >/dev/null
  "$gate" audit keygen --name demo --out "$folder/log.key" >/dev/null
  cat >"$folder/portcullis.json" <<JSON
{
  "listen": { "address": "127.0.0.1", "port": 0 },
  "logins": "logins.conf",
  "upstream": {
    "host": "$folder/postgres/socket", "database": "shop", "search_path": ["app"],
    "catalog": { "user": "portcullis_catalog", "password_file": "portcullis_catalog.pw" },
    "roles": { "repair-bot": { "user": "agent_repair_db", "password_file": "agent_repair_db.pw" } }
  },
  "policy": "policy.json",
  "audit": {
    "directory": "audit", "origin": "demo", "key": "log.key",
    "anchors": { "elsewhere": { "file": "anchored.notes", "require": "deny_changes" } }
  },
  "shadow": { "programs": "$(postgres_programs)" }
}
JSON
  cp "$ROOT/policies/data-repair.json" "$folder/policy.json"
}

# Sets gate_pid and port.
start_gate() {
  : >"$folder/ready"
  "$gate" serve --config "$folder/portcullis.json" >"$folder/ready" 2>"$folder/log" &
  gate_pid=$!
  at_exit "kill $gate_pid 2>/dev/null; wait $gate_pid"
  local _
  for _ in {1..300}; do
    port=$(sed -n 's/^portcullis ready on .*:\([0-9]*\)$/\1/p' "$folder/ready")
    [ -z "$port" ] || return 0
    kill -0 "$gate_pid" 2>/dev/null || fail "the gate did not start: $(cat "$folder/log")"
    sleep 0.1
  done
  fail "the gate was not ready in time: $(cat "$folder/log")"
}

# play allowed|refused SQL: as the agent, through the gate, with what the agent is told.
play() {
  local expected=$1 sql=$2 told seen=allowed
  printf '\n\033[36mshop=> %s\033[0m\n' "$sql"
  told=$(PGPASSWORD=$agent_password "$(postgres_programs)/psql" -X -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$port" \
    -U agent_repair -d shop -c "$sql" 2>&1) || seen=refused
  printf '    %s\n' "${told//$'\n'/$'\n    '}"
  [ "$seen" = "$expected" ] || fail "this should have been $expected"
}

show() {
  say "An agent at work: login agent_repair, policy policies/data-repair.json"
  play allowed "SELECT o.id, c.name, o.amount, o.status FROM app.orders o JOIN app.customers c ON c.id = o.customer_id"
  play allowed "ALTER TABLE app.orders ADD COLUMN note text"
  play allowed "UPDATE app.orders SET note = 'called back' WHERE id = 42"
  play refused "UPDATE app.orders SET status = 'paid'"
  play refused "DROP TABLE app.orders"
  play refused "SELECT login, password_hash FROM app.users"
  play refused "ALTER TABLE app.orders ADD COLUMN x int; DROP TABLE app.users"
  say "Nothing of the last text ran: there is no column x"
  play allowed "SELECT column_name FROM information_schema.columns WHERE table_name = 'orders'"
}

# use_policy NAME: in the running gate, which says so once it is in force.
use_policy() {
  cp "$ROOT/policies/$1.json" "$folder/policy.json"
  kill -HUP "$gate_pid"
  local _
  for _ in {1..100}; do
    ! grep -q "SIGHUP: policy \"$1\" in force" "$folder/log" || return 0
    sleep 0.1
  done
  fail "the policy did not change: $(tail -n 3 "$folder/log")"
}

# report SQL: what it would do, without a gate in between.
report() {
  printf '\n\033[36mportcullis dry-run ... \047%s\047\033[0m\n' "$1"
  local told
  told=$("$gate" dry-run --config "$folder/portcullis.json" --agent repair-bot "$1" 2>&1) || true
  printf '    %s\n' "${told//$'\n'/$'\n    '}"
}

show_dry_runs() {
  say "What statements would do, measured in a copy, asked of the rows, estimated"
  report "ALTER TABLE app.orders ADD COLUMN channel text"
  report "ALTER TABLE app.orders ADD COLUMN token uuid DEFAULT gen_random_uuid()"
  report "ALTER TABLE app.customers ALTER COLUMN email SET NOT NULL"
  say "The same agent under policies/measured-ddl.json, where that decides"
  use_policy measured-ddl
  play allowed "ALTER TABLE app.orders ADD COLUMN channel text"
  play refused "ALTER TABLE app.orders ADD COLUMN token uuid DEFAULT gen_random_uuid()"
  play refused "ALTER TABLE app.customers ALTER COLUMN email SET NOT NULL"
}

gate=${PORTCULLIS_BINARY:-$ROOT/build/release/src/app/portcullis}
if [ -n "${PORTCULLIS_BINARY:-}" ]; then
  "$ROOT/scripts/install-packages.sh" demo
else
  "$ROOT/scripts/install-packages.sh" build demo
  build_gate
fi
folder=$(mktemp -d "${TMPDIR:-/tmp}/portcullis-demo.XXXXXX")
at_exit "rm -rf '$folder'"
chmod 711 "$folder"  # the server's account passes through

say "Starting a private PostgreSQL and filling the shop"
start_postgres "$folder/postgres"
database_password=$(random_password)
catalog_password=$(random_password)
agent_password=$(random_password)
fill_shop "$database_password" "$catalog_password"

say "Starting the gate"
write_configuration "$database_password" "$catalog_password" "$agent_password"
start_gate
echo "listening on 127.0.0.1:$port"
show
show_dry_runs

say "What was refused, in the audit log"
"$gate" audit show "$folder/audit" --verdict deny --sealing-keys "$folder/audit.keys"
say "Did the dry runs come true?"
"$gate" audit report dry-runs "$folder/audit"
say "Verifying the audit log, by its public key and by the checkpoints that were kept elsewhere"
sleep 2  # until the last entries are signed
"$gate" audit verify "$folder/audit" --key "$folder/log.key.pub" --anchor "$folder/anchored.notes"
say "What does verifying find? A drill attacks copies of the log"
"$gate" audit drill "$folder/audit" --key "$folder/log.key.pub" --anchor "$folder/anchored.notes"
[ "$once" = false ] || exit 0

say "The gate keeps running: be the agent yourself"
cat <<EOT
  PGPASSWORD=$agent_password psql -h 127.0.0.1 -p $port -U agent_repair shop
  or, for a server that takes an address: postgresql://agent_repair:$agent_password@127.0.0.1:$port/shop
  audit log: $gate audit show $folder/audit --sealing-keys $folder/audit.keys
  Ctrl-C ends the gate and the database and removes $folder
EOT
wait "$gate_pid" || fail "the gate ended: $(tail -n 5 "$folder/log")"
