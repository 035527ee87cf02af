#!/usr/bin/env bash
# Pins every dependency with hashes. The files name no index: pip uses the one it is set up for.
set -euo pipefail
cd "$(dirname "$0")/.."
compile() {
    uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --universal \
        --python-version 3.11 --no-emit-package auditor-engine "$@"
}
compile pyproject.toml -o requirements/run.txt
uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11 \
    --group build -o requirements/build.txt
compile pyproject.toml --group demo -c requirements/run.txt -o requirements/demo.txt
compile pyproject.toml --group demo --group test --group lint --group bench -c requirements/demo.txt -o requirements/dev.txt
