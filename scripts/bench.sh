#!/usr/bin/env bash
# Installs what the benchmarks need, builds the gate and the benchmarks, and measures the gate under load beside what else
# is installed of PgBouncer, HAProxy and pgpool-II. What all options mean stands in tests/bench/relay/relay_bench.py --help.
#
#   scripts/bench.sh [OPTIONS OF relay_bench.py]      --all, a few minutes, when none is given
#   scripts/bench.sh --all --size long --json FILE    figures to go by: hours, on a machine that does nothing else
#
# Builds in build/bench, with -DPORTCULLIS_BENCH=ON, on as many jobs as JOBS says; 2 when it is not set. PORTCULLIS_BINARY
# names a gate that is built already: nothing is installed and built then.
. "$(dirname "$0")/lib.sh"

case ${1:-} in
  -h | --help) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac

# They are not installed here: Debian's packages would start them as services.
name_missing() {
  local program
  for program in pgbouncer haproxy pgpool; do
    PATH=$PATH:/usr/sbin:/usr/local/sbin command -v "$program" >/dev/null || say "$program is not installed: it is not compared"
  done
}

if [ -z "${PORTCULLIS_BINARY:-}" ]; then
  "$ROOT/scripts/install-packages.sh" build bench
  say "build: release, with benchmarks"
  (cd "$ROOT" && cmake --preset release -B build/bench -DPORTCULLIS_BENCH=ON)
  cmake --build "$ROOT/build/bench" -j "${JOBS:-2}"
  export PORTCULLIS_BINARY=$ROOT/build/bench/src/app/portcullis
fi
name_missing
say "measure"
[ $# -gt 0 ] || set -- --all
/usr/bin/python3 -B "$ROOT/tests/bench/relay/relay_bench.py" "$@"
