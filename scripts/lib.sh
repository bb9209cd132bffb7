# shellcheck shell=bash disable=SC2034
# Shell functions that the scripts share. Source it; it sets -euo pipefail and cleans up when the script ends, also on
# Ctrl-C: what was given to `at_exit` runs in reverse order.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CLEANUPS=()

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
fail() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

at_exit() { CLEANUPS+=("$1"); }
run_cleanups() {
  local status=$? i
  trap - EXIT
  trap '' INT TERM HUP  # an impatient second Ctrl-C must not leave anything behind
  for ((i = ${#CLEANUPS[@]} - 1; i >= 0; i--)); do eval "${CLEANUPS[i]}" || true; done
  exit "$status"
}
trap run_cleanups EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# PostgreSQL refuses to run as root, so root lends it the account that its package made.
as_server_user() {
  if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

# The newest server programs that are installed: initdb and postgres are not on the PATH.
postgres_programs() {
  local found=("${PORTCULLIS_POSTGRES_BIN:-}" /usr/lib/postgresql/*/bin)
  local i
  for ((i = ${#found[@]} - 1; i >= 0; i--)); do
    [ -x "${found[i]}/initdb" ] && { printf '%s\n' "${found[i]}"; return; }
  done
  fail "no PostgreSQL server programs: install postgresql-15 or set PORTCULLIS_POSTGRES_BIN to the folder of initdb"
}

# start_postgres FOLDER: a cluster of its own in FOLDER, which must not exist. It listens on a Unix socket in
# FOLDER/socket and on no address; its owner comes in by who they are, everyone else by SCRAM. Stopped at exit.
start_postgres() {
  local folder=$1 programs
  programs=$(postgres_programs)
  mkdir -m 755 "$folder" "$folder/socket"
  [ "$(id -u)" != 0 ] || chown postgres: "$folder" "$folder/socket"
  (cd / && as_server_user "$programs/initdb" -D "$folder/data" -E UTF8 --no-locale --no-sync --no-instructions \
    --auth-local=peer --auth-host=reject >"$folder.log")
  printf 'local all %s peer\nlocal all all scram-sha-256\n' "$(as_server_user id -un)" |
    as_server_user tee "$folder/data/pg_hba.conf" >/dev/null
  at_exit "as_server_user '$programs/pg_ctl' -D '$folder/data' -m immediate -s stop"
  # pg_ctl makes the server a session of its own: a Ctrl-C at the terminal does not reach it.
  (cd / && as_server_user "$programs/pg_ctl" -D "$folder/data" -w -t 60 -s -l "$folder/server.log" \
    -o "-c listen_addresses='' -c unix_socket_directories='$folder/socket' -c fsync=off" start)
}

# own_psql FOLDER ARGUMENTS...: psql as the owner of the cluster that start_postgres made.
own_psql() {
  local folder=$1
  shift
  (cd / && as_server_user "$(postgres_programs)/psql" -X -q -v ON_ERROR_STOP=1 -h "$folder/socket" "$@")
}

# Hexadecimal digits that nobody can guess.
random_password() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }
