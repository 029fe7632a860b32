#!/bin/sh
# Writes the lock files: versions and hashes for every platform, no addresses. Needs `uv` on PATH (a pip package).
set -eu
cd "$(dirname "$0")/.."
compile() {
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
        --custom-compile-command "make lock" "$@"
}
compile pyproject.toml requirements/build.in -o requirements/run.txt
compile --extra dev -c requirements/run.txt pyproject.toml requirements/build.in -o requirements/dev.txt
compile --extra dev --extra bench -c requirements/dev.txt pyproject.toml requirements/build.in -o requirements/bench.txt
