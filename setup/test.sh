#!/usr/bin/env bash
# Every check of the project. usage: setup/test.sh [quick]     (how it is arranged: docs/testing.md)
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin

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

if [ "${1:-}" != quick ] && [ -z "${HOTLINE_ASTERISK:-}" ]; then
    step "Asterisk"
    $bin/hotline asterisk fetch --if-missing
fi

# What only computes yields to the tests on real parts, which lose sound where the processor is full.
beside types nice -n 19 $bin/mypy
beside rooms nice -n 19 $bin/lint-imports
failed=0
if [ "${1:-}" = quick ]; then
    step "unit tests (types and room boundaries are looked at meanwhile)"
    $bin/pytest -n "${HOTLINE_TEST_UNIT_WORKERS:-3}" --dist worksteal tests/unit || failed=1
else
    beside units nice -n 19 $bin/pytest -n "${HOTLINE_TEST_UNIT_WORKERS:-2}" --dist worksteal tests/unit
    step "tests on a real Asterisk, a real recogniser and a real browser (all others run meanwhile)"
    # A file's tests stay together, for they share systems. The longest come first: whole systems, then single parts.
    $bin/pytest -n "${HOTLINE_TEST_WORKERS:-2}" --dist loadfile --no-loadscope-reorder tests/e2e tests/integration || failed=1
    finish units "unit tests" || failed=1
fi
finish types "types (mypy --strict)" || failed=1
finish rooms "room boundaries (import-linter)" || failed=1
exit "$failed"
