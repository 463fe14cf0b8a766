#!/bin/sh
# Make .venv with the locked dependencies and this checkout in it: `scripts/setup.sh runtime|dev`.
# Needs Python 3.11 or newer. Where Debian keeps venv in a package of its own, root gets it installed.
set -eu
cd "$(dirname "$0")/.."
kind=$1

say() { printf '%s\n' "$*" >&2; }

find_python() {
    for name in "${PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s\n' "$name"
            return
        fi
    done
    say "filmgate needs Python 3.11 or newer, and finds none. Install one, or name it: make PYTHON=..."
    exit 1
}

make_venv() {
    "$1" -m venv .venv 2>/dev/null && return
    rm -rf .venv
    version=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "Installing python$version-venv, which $1 lacks."
        apt-get update -qq >&2
        apt-get install -y -qq "python$version-venv" >&2 || apt-get install -y -qq python3-venv >&2
        "$1" -m venv .venv
        return
    fi
    say "$1 cannot make virtual environments. Install its venv module first, on Debian and Ubuntu with:"
    say "    sudo apt-get install python$version-venv"
    exit 1
}

if ! [ -x .venv/bin/python ]; then
    python=$(find_python)
    say "Setting up .venv with $("$python" --version) ..."
    make_venv "$python"
fi
say "Installing the locked dependencies (requirements/$kind.lock) ..."
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
    -r "requirements/$kind.lock"
if [ "$kind" = dev ]; then
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
        -r requirements/data.lock
fi
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps \
    --no-build-isolation --editable .
touch ".venv/$kind.stamp"
