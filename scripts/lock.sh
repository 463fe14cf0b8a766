#!/bin/sh
# Pin the dependencies of pyproject.toml with their hashes; with --check, only say whether that is done.
# Pins that still satisfy pyproject.toml stay as they are.
set -eu
cd "$(dirname "$0")/.."

compile() { # kind, groups ...
    kind=$1
    shift
    .venv/bin/uv pip compile pyproject.toml "$@" --quiet --universal --generate-hashes \
        --no-emit-index-url --no-emit-find-links --no-header --python-version 3.11 \
        --no-config --output-file "$kind" >/dev/null
}

if [ "${1:-}" != --check ]; then
    compile requirements/runtime.lock --group build
    compile requirements/dev.lock --group build --group dev
    exit
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp requirements/*.lock "$scratch"
compile "$scratch/runtime.lock" --group build
compile "$scratch/dev.lock" --group build --group dev
for kind in runtime dev; do
    if ! cmp -s "requirements/$kind.lock" "$scratch/$kind.lock"; then
        diff -u "requirements/$kind.lock" "$scratch/$kind.lock" | head -40 || true
        echo "requirements/$kind.lock is not what pyproject.toml asks for. Run: make lock" >&2
        exit 1
    fi
done
echo "The locks are current."
