#!/usr/bin/env bash
# Sets up what `make up` and `make test` need: the Python environment in .venv and a few system packages.
# usage: setup/setup.sh run|test      (repeatable; a second run takes well under a second)
set -euo pipefail
cd "$(dirname "$0")/.."
purpose=${1:-run}

say() { printf '%s\n' "setup: $*"; }

find_python() {
    for name in python3 python3.14 python3.13 python3.12 python3.11; do
        if command -v "$name" >/dev/null && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    say "Python 3.11 or newer is needed and was not found. Install it: apt-get install python3" >&2
    exit 1
}

# System packages: program (or file) to look for -> package that brings it.
need=(espeak-ng:espeak-ng xz:xz-utils)
if [ "$purpose" = test ]; then
    need+=(chromium:chromium sipp:sip-tester git:git runuser:util-linux)
fi
missing=()
for pair in "${need[@]}"; do
    command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
done
if [ "$purpose" = test ]; then
    command -v nats-server >/dev/null || [ -x /usr/sbin/nats-server ] || missing+=(nats-server)
    ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing+=(postgresql)
    ls /usr/share/fonts/opentype/noto/NotoSansCJK* >/dev/null 2>&1 || missing+=(fonts-noto-cjk)
    compgen -G '/usr/lib*/*/libatomic.so.1' >/dev/null || missing+=(libatomic1)  # Playwright's node
fi
# Asterisk: on PATH, named by HOTLINE_ASTERISK, already fetched, or to be fetched with mmdebstrap.
if [ -z "${HOTLINE_ASTERISK:-}" ] && ! command -v asterisk >/dev/null && [ ! -d "${HOTLINE_VAR:-var}/asterisk/usr" ]; then
    command -v mmdebstrap >/dev/null || missing+=(mmdebstrap)
fi
python=$(find_python)
"$python" -c 'import ensurepip, venv' 2>/dev/null || missing+=("python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv")

if [ ${#missing[@]} -gt 0 ]; then
    if [ "$(id -u)" = 0 ]; then
        apt=(apt-get)
    elif sudo -n true 2>/dev/null; then
        apt=(sudo -n apt-get)
    else
        say "these packages are missing and need root: ${missing[*]}" >&2
        say "please run:  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
        say "and then this command again." >&2
        exit 1
    fi
    say "installing ${missing[*]}"
    "${apt[@]}" update -qq
    # Not every distribution has it; without it the tests run slower, in the whole browser.
    if [ "$purpose" = test ] && apt-cache show chromium-headless-shell >/dev/null 2>&1; then
        missing+=(chromium-headless-shell)
    fi
    DEBIAN_FRONTEND=noninteractive "${apt[@]}" install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

extra=""
[ "$purpose" = test ] && extra="[dev]"
stamp=.venv/.ready-$purpose
state=$(sha256sum pyproject.toml | cut -c1-16)
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$state" ]; then
    say "installing Python packages into .venv (a minute or two, once)"
    [ -x .venv/bin/python ] || "$python" -m venv .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -e ".$extra"
    echo "$state" >"$stamp"
fi
