#!/bin/sh
# Pin the dependencies of pyproject.toml, and the clients that tests run, with their hashes; with --check,
# only say whether that is done. Pins that still satisfy what is asked for stay as they are.
set -eu
cd "$(dirname "$0")/.."

compile() { # lock, what to pin ...
    lock=$1
    shift
    .venv/bin/uv pip compile "$@" --quiet --universal --generate-hashes \
        --no-emit-index-url --no-emit-find-links --no-header --python-version 3.11 \
        --no-config --output-file "$lock" >/dev/null
}

compile_all() { # folder
    compile "$1/runtime.lock" pyproject.toml --group build & running=$!
    compile "$1/dev.lock" pyproject.toml --group build --group dev & running="$running $!"
    compile "$1/data.lock" requirements/data.in --no-deps & running="$running $!"
    for client in requirements/clients/*.in; do
        compile "$1/clients/$(basename "$client" .in).lock" "$client" & running="$running $!"
    done
    for compiler in $running; do
        wait "$compiler"
    done
}

if [ "${1:-}" != --check ]; then
    compile_all requirements
    exit
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp -R requirements/. "$scratch"
compile_all "$scratch"
for lock in $(cd "$scratch" && ls -- *.lock clients/*.lock); do
    if ! cmp -s "requirements/$lock" "$scratch/$lock"; then
        diff -u "requirements/$lock" "$scratch/$lock" | head -40 || true
        echo "requirements/$lock is not what is asked for. Run: make lock" >&2
        exit 1
    fi
done
echo "The locks are current."
