#!/usr/bin/env bash
# Installs the Debian packages that are missing, and does nothing at all when none is: a second run needs no network.
#
#   scripts/install-packages.sh [build] [test] [demo] [bench] [full] [clients]      build when none is named
#
# build: what compiling needs; test: what the tests need; demo: a PostgreSQL to show the gate with; bench: what
# benchmarks need; full: the compiler of the fuzz targets, and what unpacks PostgreSQL's own tests; clients: the drivers and
# languages of tests/clients. Run it as root, or as someone who may use sudo.
set -euo pipefail

BUILD="g++ cmake ninja-build pkg-config libpg-query-dev libboost1.81-dev libssl-dev libspdlog-dev nlohmann-json3-dev
  libsimdjson-dev libcli11-dev"
DEMO="postgresql-15 postgresql-client-15"
TEST="$DEMO libgtest-dev libgmock-dev python3 python3-psycopg2 python3-psycopg python3-sqlalchemy
  python3-django openssl procps strace valgrind"
BENCH="$DEMO python3 libbenchmark-dev"
FULL="clang-16 libclang-rt-16-dev llvm-16 bzip2"
CLIENTS="$TEST gcc libc6-dev libpq-dev golang-go golang-github-lib-pq-dev golang-github-jackc-pgx-v4-dev
  default-jdk-headless libpostgresql-jdbc-java libdbd-pg-perl php-cli php-pgsql ruby ruby-pg python3-asyncpg"

wanted() {
  local group
  for group in "$@"; do
    case $group in
      build) echo "$BUILD" ;;
      demo) echo "$DEMO" ;;
      bench) echo "$BENCH" ;;
      full) echo "$FULL" ;;
      clients) echo "$CLIENTS" ;;
      test)
        echo "$TEST"
        # Some packages of nodejs bring npm with them and conflict with the package npm.
        command -v node >/dev/null || echo nodejs
        command -v npm >/dev/null || echo npm
        ;;
      *) echo "install-packages.sh: no group \"$group\": use build, test, demo, bench, full or clients" >&2; return 64 ;;
    esac
  done
}

is_installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# The server's package would make a cluster and start it; nobody asked for that. createcluster.conf includes this folder,
# also when it was there first. The setting goes again afterwards.
without_main_cluster() {
  local settings=/etc/postgresql-common/createcluster.d/portcullis-install.conf
  mkdir -p "$(dirname "$settings")"
  echo "create_main_cluster = false" >"$settings"
  trap 'rm -f '"$settings"'; rmdir --ignore-fail-on-non-empty '"$(dirname "$settings")" EXIT
}

groups=("$@")
[ $# -gt 0 ] || groups=(build)
packages=$(wanted "${groups[@]}")
missing=()
for package in $packages; do is_installed "$package" || missing+=("$package"); done
[ ${#missing[@]} -gt 0 ] || exit 0

echo "installing: ${missing[*]}"
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || { echo "install-packages.sh: run this as root, or install: ${missing[*]}" >&2; exit 1; }
  exec sudo -- "$0" "${groups[@]}"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
case " ${missing[*]} " in *" postgresql-15 "*) without_main_cluster ;; esac
apt-get install -y -q --no-install-recommends "${missing[@]}"
