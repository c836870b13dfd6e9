#!/usr/bin/env bash
# Every check of the project, cheapest first. usage: setup/test.sh [quick]
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin

step() { printf '\n== %s\n' "$*"; }

step "style (ruff)"
$bin/ruff check .
$bin/ruff format --check .
step "types (mypy --strict)"
$bin/mypy
step "room boundaries (import-linter)"
$bin/lint-imports
if [ "${1:-}" = quick ]; then
    step "unit tests"
    exec $bin/pytest tests/unit
fi
if [ -z "${HOTLINE_ASTERISK:-}" ]; then
    step "Asterisk"
    $bin/hotline asterisk fetch --if-missing
fi
step "all tests, the quick ones first"
exec $bin/pytest tests/unit tests/integration tests/e2e
