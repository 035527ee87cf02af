# registry-auditor: `make demo` and `make test` do all the set-up themselves.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PY     := $(BIN)/python
TOOLS  := .tools
STAMPS := .cache/stamps
OPA_VERSION := 1.22.2
CRANE_VERSION := 0.22.1
COSIGN_VERSION := 3.1.3
ORAS_VERSION := 1.3.6
DISTRIBUTION_VERSION := 3.1.2
DOCKER_REGISTRY := docker-registry_2.8.2+ds1-1_amd64.deb a9bd06c0e006854608f8469b4371743f40604ad90975532bb3b7ceeb72fe2913

PIP := $(PY) -m pip --disable-pip-version-check --quiet
ENGINE_SOURCES := $(wildcard engine/src/*.rs) engine/Cargo.toml engine/Cargo.lock engine/pyproject.toml

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-10s %s\n", $$1, $$2}'

# ---------------------------------------------------------------- set-up
$(STAMPS)/venv: requirements/build.txt
	@mkdir -p $(STAMPS)
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version) if sys.version_info < (3, 11) else None'
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip --version >/dev/null 2>&1 || $(PY) -m ensurepip >/dev/null
	$(PIP) install --require-hashes -r requirements/build.txt
	@touch $@

$(STAMPS)/engine: $(STAMPS)/venv $(ENGINE_SOURCES)
	@command -v cargo >/dev/null || { echo "A Rust toolchain is needed: install rustup, then run make again" >&2; exit 2; }
	rm -rf .cache/engine && mkdir -p .cache/engine
	cd engine && PATH="$(CURDIR)/$(BIN):$$PATH" maturin build --release --locked --quiet --out ../.cache/engine --interpreter $(CURDIR)/$(PY)
	$(PIP) install --no-deps --force-reinstall .cache/engine/*.whl
	@touch $@

$(STAMPS)/run: $(STAMPS)/venv requirements/run.txt pyproject.toml
	$(PIP) install --require-hashes -r requirements/run.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(STAMPS)/demo: $(STAMPS)/run $(STAMPS)/engine requirements/demo.txt
	$(PIP) install --require-hashes -r requirements/demo.txt
	@touch $@

$(STAMPS)/dev: $(STAMPS)/demo requirements/dev.txt
	$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

$(TOOLS)/opa:
	@command -v go >/dev/null || { echo "A Go toolchain is needed to build OPA for the tests" >&2; exit 2; }
	GOBIN="$(CURDIR)/$(TOOLS)" GOFLAGS=-mod=mod go install github.com/open-policy-agent/opa@v$(OPA_VERSION)

$(TOOLS)/crane:
	GOBIN="$(CURDIR)/$(TOOLS)" GOFLAGS=-mod=mod go install github.com/google/go-containerregistry/cmd/crane@v$(CRANE_VERSION)

$(TOOLS)/cosign:
	GOBIN="$(CURDIR)/$(TOOLS)" GOFLAGS=-mod=mod go install github.com/sigstore/cosign/v3/cmd/cosign@v$(COSIGN_VERSION)

$(TOOLS)/oras:
	GOBIN="$(CURDIR)/$(TOOLS)" GOFLAGS=-mod=mod go install oras.land/oras/cmd/oras@v$(ORAS_VERSION)

$(TOOLS)/distribution:
	GOBIN="$(CURDIR)/.cache/go" GOFLAGS=-mod=mod go install github.com/distribution/distribution/v3/cmd/registry@v$(DISTRIBUTION_VERSION)
	mv .cache/go/registry $@

# Debian's build, which is older than what Go's module proxy has: unpacked, never installed.
$(TOOLS)/docker-registry:
	command -v dpkg-deb >/dev/null || { echo "A Debian system is needed for its docker-registry package" >&2; exit 2; }
	rm -rf .cache/docker-registry && mkdir -p .cache/docker-registry
	cd .cache/docker-registry && \
	  set -- $(DOCKER_REGISTRY) && version="$${1#*_}" && version="$${version%_*}" && \
	  { apt-get download -qq "docker-registry=$$version" 2>/dev/null || { apt-get update -qq && apt-get download -qq "docker-registry=$$version"; }; } && \
	  echo "$$2  $$1" | sha256sum --check --quiet && dpkg-deb -x "$$1" .
	mv .cache/docker-registry/usr/bin/docker-registry $@

$(TOOLS)/referrers-registry: $(wildcard tests/tools/referrers_registry/*)
	cd tests/tools/referrers_registry && go build -o $(CURDIR)/$@ .

$(TOOLS)/notation-signer: $(wildcard tests/tools/notation_signer/*)
	cd tests/tools/notation_signer && go build -o $(CURDIR)/$@ .

GO_TOOLS := $(addprefix $(TOOLS)/,opa crane cosign oras distribution docker-registry referrers-registry notation-signer)

$(STAMPS)/chromium:
	@mkdir -p $(STAMPS)
	command -v chromium >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; }
	@touch $@

.PHONY: dev
dev: $(STAMPS)/dev $(GO_TOOLS) $(STAMPS)/chromium ## Install everything that development needs

# ---------------------------------------------------------------- use
.PHONY: demo
demo: $(STAMPS)/demo ## Audit a sample registry end to end and say where the report is
	@$(PY) fixtures/seed/demo.py

# ---------------------------------------------------------------- check
.PHONY: lint
lint: dev ## Format, lint, type and layer checks of Python, Rego and Rust; generated files up to date
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(TOOLS)/opa fmt --fail --list policies
	$(TOOLS)/opa check --strict policies
	cd engine && cargo fmt --check && cargo clippy --quiet --locked --all-targets -- -D warnings
	$(PY) -m tools.generate_schemas --check
	$(PY) -m tools.generate_docs --check
	$(PY) -m tools.generate_policies --check

.PHONY: test
test: lint ## Everything: lint, Rego, Rust and Python tests with the real OPA and a browser, the wheel
	$(TOOLS)/opa test policies
	cd engine && cargo test --quiet --locked
	PATH="$(CURDIR)/$(TOOLS):$$PATH" $(BIN)/pytest -n 2

.PHONY: unit
unit: $(STAMPS)/dev ## The fast Python tests only
	PATH="$(CURDIR)/$(TOOLS):$$PATH" $(BIN)/pytest -q -m "not slow and not browser" tests/unit

.PHONY: bench
bench: dev ## Measure against opa eval and regopy, and print the ratios
	PATH="$(CURDIR)/$(TOOLS):$$PATH" $(PY) -m bench

.PHONY: fmt
fmt: dev ## Format Python, Rego and Rust
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix --quiet . || true
	$(TOOLS)/opa fmt --write policies
	cd engine && cargo fmt

.PHONY: docs
docs: dev ## Regenerate the schemas, the rule catalogue, the command reference and the IAM policies
	$(PY) -m tools.generate_schemas
	$(PY) -m tools.generate_docs
	$(PY) -m tools.generate_policies

.PHONY: fixtures
fixtures: $(STAMPS)/demo ## Record the seed snapshot again
	$(PY) fixtures/seed/record.py

.PHONY: dist
dist: $(STAMPS)/dev ## Build the wheels into dist/
	mkdir -p dist && cp .cache/engine/*.whl dist/
	$(PY) -m hatchling build -t wheel -d dist

.PHONY: lock
lock: ## Pin the dependencies again (needs uv)
	tools/lock.sh

.PHONY: clean
clean: ## Remove what was built (keeps .tools)
	rm -rf $(VENV) .cache dist build engine/target reports/samples .mypy_cache .ruff_cache .pytest_cache .hypothesis
