#!/usr/bin/env bash
# Every check of the project, cheapest first. usage: setup/test.sh [quick]
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
# Unit tests know nothing of each other; the others share the machine's sound and time, and go one by one.
side_by_side=(-n auto --maxprocesses 4)

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
    exec $bin/pytest "${side_by_side[@]}" tests/unit
fi
if [ -z "${HOTLINE_ASTERISK:-}" ]; then
    step "Asterisk"
    $bin/hotline asterisk fetch --if-missing
fi
step "unit tests"
$bin/pytest "${side_by_side[@]}" tests/unit
step "tests on a real Asterisk, a real recogniser and a real browser"
exec $bin/pytest tests/integration tests/e2e
