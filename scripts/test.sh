#!/usr/bin/env bash
# Installs what the tests need, builds, and runs the tests. The exit code is theirs.
#
#   scripts/test.sh [--tier fast|full] [--jobs N]
#
# fast (the default): the optimised build in build/ci with every test, in less than half an hour on two cores.
# full: before that, the tests under AddressSanitizer and ThreadSanitizer, and each fuzz target for a minute.
. "$(dirname "$0")/lib.sh"

tier=fast
jobs=2
while [ $# -gt 0 ]; do
  case $1 in
    --tier) tier=${2:-}; shift ;;
    --jobs) jobs=${2:-}; shift ;;
    -h | --help) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) fail "unknown option \"$1\": see --help" ;;
  esac
  shift || fail "an option lacks its value: see --help"
done
case $tier in fast | full) ;; *) fail "no tier \"$tier\": use fast or full" ;; esac
[[ $jobs =~ ^[1-9][0-9]*$ ]] || fail "\"$jobs\" is no number of jobs"

# node-postgres, for the tests of drivers. Only anew when the list of packages has changed.
install_node_modules() {
  local source=$ROOT/tests/integration/node target=$ROOT/build/node
  cmp -s "$source/package-lock.json" "$target/installed-lock.json" && return
  mkdir -p "$target"
  cp "$source/package.json" "$source/package-lock.json" "$target/"
  (cd "$target" && npm ci --no-audit --no-fund --ignore-scripts)
  cp "$source/package-lock.json" "$target/installed-lock.json"
}

# build_and_test PRESET CTEST_ARGUMENTS...
build_and_test() {
  local preset=$1
  shift
  say "build: $preset"
  (cd "$ROOT" && cmake --preset "$preset" -DPORTCULLIS_NODE_MODULES="$ROOT/build/node/node_modules")
  cmake --build "$ROOT/build/$preset" -j "$jobs"
  say "test: $preset"
  ctest --test-dir "$ROOT/build/$preset" --output-on-failure --no-tests=error "$@"
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

groups=(build test)
[ "$tier" = fast ] || groups+=(full)
"$ROOT/scripts/install-packages.sh" "${groups[@]}"
install_node_modules

if [ "$tier" = full ]; then
  fuzz_for_minutes
  build_and_test asan
  # Times out under ThreadSanitizer mean nothing: the real PostgreSQL is left to the other builds.
  build_and_test tsan -LE integration
fi
build_and_test ci
