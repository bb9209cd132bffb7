#!/usr/bin/env bash
# Installs what the tests need, builds, and runs the tests. The exit code is theirs.
#
#   scripts/test.sh [--tier fast|full] [--jobs N]      N: of builds, and of tests at once; 2 when left out
#
# fast (the default): the optimised build in build/ci with every test, in less than half an hour on two cores. The
# integration tests run on Debian's PostgreSQL, those of versions and dry runs on the oldest and the newest version too.
# full: all of them on all three, the table of clients (tests/clients), and PostgreSQL's own suites through the gate
# (tests/suites). Before that, the tests under AddressSanitizer and ThreadSanitizer, and each fuzz target for a minute.
. "$(dirname "$0")/lib.sh"

tier=fast
jobs=2
while [ $# -gt 0 ]; do
  case $1 in
    --tier) tier=${2:-}; shift ;;
    --jobs) jobs=${2:-}; shift ;;
    -h | --help) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) fail "unknown option \"$1\": see --help" ;;
  esac
  shift || fail "an option lacks its value: see --help"
done
case $tier in fast | full) ;; *) fail "no tier \"$tier\": use fast or full" ;; esac
[[ $jobs =~ ^[1-9][0-9]*$ ]] || fail "\"$jobs\" is no number of jobs"

# install_npm_packages SOURCE TARGET: what the lock file in SOURCE names. Only anew when the lock file has changed.
install_npm_packages() {
  local source=$1 target=$2
  cmp -s "$source/package-lock.json" "$target/installed-lock.json" && return
  mkdir -p "$target"
  cp "$source/package.json" "$source/package-lock.json" "$target/"
  (cd "$target" && npm ci --no-audit --no-fund --ignore-scripts)
  cp "$source/package-lock.json" "$target/installed-lock.json"
}

# PostgreSQL of the oldest and the newest version. Sets servers to their folder. There are none for other processors.
install_servers() {
  servers=
  if [ "$(uname -m)" != x86_64 ]; then
    say "NOT TESTED: PostgreSQL 13 and 18, whose packages are for x86_64. What follows ran on Debian's version alone."
    return
  fi
  install_npm_packages "$ROOT/tests/integration/servers" "$ROOT/build/servers"
  /usr/bin/python3 "$ROOT/tests/integration/servers/link_libraries.py" "$ROOT/build/servers"
  servers=$ROOT/build/servers/node_modules
}

# What the table of clients needs.
install_clients() {
  "$ROOT/scripts/install-packages.sh" clients
  install_npm_packages "$ROOT/tests/clients/mcp" "$ROOT/build/mcp"
}

# build_and_test PRESET ON_ALL_SERVERS CTEST_ARGUMENTS...     ON_ALL_SERVERS: ON or OFF, and the clients with them
build_and_test() {
  local preset=$1 on_all=$2
  shift 2
  say "build: $preset"
  [ -n "$servers" ] || on_all=OFF
  (cd "$ROOT" && cmake --preset "$preset" -DPORTCULLIS_NODE_MODULES="$ROOT/build/node/node_modules" \
    -DPORTCULLIS_SERVERS="$servers" -DPORTCULLIS_ALL_SERVERS="$on_all" \
    -DPORTCULLIS_CLIENTS="$on_all" -DPORTCULLIS_MCP_MODULES="$ROOT/build/mcp/node_modules")
  cmake --build "$ROOT/build/$preset" -j "$jobs"
  say "test: $preset"
  ctest --test-dir "$ROOT/build/$preset" --parallel "$jobs" --output-on-failure --no-tests=error "$@"
}

# Every target for a minute from its corpus. What is found is kept in build/fuzz and the script ends.
fuzz_for_minutes() {
  say "build: fuzz"
  (cd "$ROOT" && cmake --preset fuzz)
  cmake --build "$ROOT/build/fuzz" -j "$jobs"
  local target name
  for target in "$ROOT"/build/fuzz/fuzz/fuzz_*; do
    if [ ! -x "$target" ] || [ ! -f "$target" ]; then continue; fi
    name=$(basename "$target")
    say "fuzz: $name"
    mkdir -p "$ROOT/build/fuzz/found/$name"
    "$target" -max_total_time=60 -rss_limit_mb=4096 -artifact_prefix="$ROOT/build/fuzz/$name-" \
      "$ROOT/build/fuzz/found/$name" "$ROOT/fuzz/corpus/${name#fuzz_}"
  done
}

# PostgreSQL's own tests, directly and through the gate; node-postgres's too where NODE_POSTGRES names a checkout of it.
run_suites() {
  say "suites"
  install_npm_packages "$ROOT/tests/suites/node" "$ROOT/build/suites/node"
  local arguments=(--binary "$ROOT/build/ci/src/app/portcullis" --folder "$ROOT/build/suites"
    --node-modules "$ROOT/build/suites/node/node_modules") status=0
  [ -z "${NODE_POSTGRES:-}" ] || arguments+=(--node-postgres "$NODE_POSTGRES")
  /usr/bin/python3 -B "$ROOT/tests/suites/run.py" "${arguments[@]}" || status=$?
  [ "$status" = 0 ] || [ "$status" = 77 ] || fail "a suite differs through the gate: see above and build/suites/results"
}

groups=(build test)
[ "$tier" = fast ] || groups+=(full)
"$ROOT/scripts/install-packages.sh" "${groups[@]}"
install_npm_packages "$ROOT/tests/integration/node" "$ROOT/build/node"
install_servers

if [ "$tier" = full ]; then
  fuzz_for_minutes
  build_and_test asan OFF
  # Times out under ThreadSanitizer mean nothing: the real PostgreSQL is left to the other builds.
  build_and_test tsan OFF -LE integration
  if [ -n "$servers" ]; then install_clients; else say "NOT TESTED: the table of clients, with its node for x86_64"; fi
  build_and_test ci ON
  run_suites
else
  build_and_test ci OFF
fi
