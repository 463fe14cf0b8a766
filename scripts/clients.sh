#!/bin/sh
# Install the published clients that tests/clients/ runs, each apart from the others and from filmgate:
# Python ones in .venv/clients/, npm's beside its test. What is installed as its lock says is left alone.
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }

# uv and npm keep what they downloaded in the home folder, which not every machine has.
if ! [ -w "${HOME:-/nowhere}" ]; then
    HOME=$PWD/.venv/clients/home
    mkdir -p "$HOME"
    export HOME
fi

install_from_pypi() { # name
    lock=requirements/clients/$1.lock
    folder=.venv/clients/$1
    cmp -s "$lock" "$folder/installed.lock" && return
    say "Installing the client $1 ($lock) ..."
    .venv/bin/uv venv --quiet --no-config --clear --python .venv/bin/python "$folder"
    .venv/bin/uv pip sync --quiet --no-config --require-hashes \
        --python "$folder/bin/python" "$lock"
    cp "$lock" "$folder/installed.lock"
}

install_from_npm() {
    folder=tests/clients/node
    if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
        say "Node or npm is absent, so the npm package stays untested."
        return
    fi
    cmp -s "$folder/package-lock.json" "$folder/node_modules/installed.lock" && return
    say "Installing the client of npm ($folder/package-lock.json) ..."
    if ! npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund \
        --no-update-notifier --loglevel=error; then
        say "npm could not install it. See above; without Node, make test works and skips this client."
        exit 1
    fi
    cp "$folder/package-lock.json" "$folder/node_modules/installed.lock"
}

for lock in requirements/clients/*.lock; do
    install_from_pypi "$(basename "$lock" .lock)"
done
install_from_npm
