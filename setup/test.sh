#!/usr/bin/env bash
# Every check of the project, cheapest first. usage: setup/test.sh [quick]     (how it is arranged: docs/testing.md)
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
# More processes are no quicker on two cores. Tests on the real parts wait half of their time; too many lose sound.
unit_workers=${HOTLINE_TEST_UNIT_WORKERS:-3}
real_workers=${HOTLINE_TEST_WORKERS:-3}

step() { printf '\n== %s\n' "$*"; }

style() { $bin/ruff check . && $bin/ruff format --check .; }

# beside NAME COMMAND...: runs it in the background; what it says is shown in one piece by `finish NAME TITLE`.
said=$(mktemp -d)
trap 'rm -rf "$said"; [ -z "$(jobs -p)" ] || kill $(jobs -p) 2>/dev/null || true' EXIT
declare -A running
beside() {
    local name=$1
    shift
    "$@" >"$said/$name" 2>&1 &
    running[$name]=$!
}
finish() {
    local code=0
    wait "${running[$1]}" || code=$?
    step "$2"
    cat "$said/$1"
    return "$code"
}

step "style (ruff)"
style
beside types $bin/mypy
beside rooms $bin/lint-imports
step "unit tests (types and room boundaries are looked at meanwhile)"
failed=0
$bin/pytest -n "$unit_workers" --dist worksteal tests/unit || failed=1
finish types "types (mypy --strict)" || failed=1
finish rooms "room boundaries (import-linter)" || failed=1
[ "$failed" = 0 ] || exit 1
[ "${1:-}" = quick ] && exit 0

if [ -z "${HOTLINE_ASTERISK:-}" ]; then
    step "Asterisk"
    $bin/hotline asterisk fetch --if-missing
fi
step "tests on a real Asterisk, a real recogniser and a real browser"
# A file's tests stay together, for they share systems. The longest come first: whole systems, then single parts.
$bin/pytest -n "$real_workers" --dist loadfile --no-loadscope-reorder tests/e2e tests/integration
