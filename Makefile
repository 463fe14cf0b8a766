# Every command that a contributor needs. `make` alone lists them.

BIN := .venv/bin
PYTEST_ARGS ?=
SECONDS ?= 60

# uv and npm trust lists of their own, unless they are told to trust whom this machine trusts, as pip does.
TRUSTED := $(wildcard /etc/ssl/certs/ca-certificates.crt)
ifneq ($(TRUSTED),)
export UV_SYSTEM_CERTS := 1
export NODE_EXTRA_CA_CERTS ?= $(TRUSTED)
endif

.PHONY: audit bench chaos help demo test check format lock docs shape clean footprint

help:  ## list the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 10

demo: .venv/runtime.stamp  ## install, start a server, have it make a video, and look at the result
	@$(BIN)/python scripts/demo.py

test: .venv/dev.stamp  ## install and run the whole test suite
	@scripts/clients.sh
	@$(BIN)/python -m pytest -n 2 --dist worksteal $(PYTEST_ARGS)

chaos: .venv/dev.stamp  ## hurt a server under load and prove that nothing is lost: SECONDS=60 SEED=… CLUSTER=1
	@$(BIN)/python -m scripts.chaos --seconds $(SECONDS) $(if $(SEED),--seed $(SEED)) $(if $(CLUSTER),--cluster)

check: .venv/dev.stamp  ## format, lint, types, layers, dependencies, lock: what must hold before a commit
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	scripts/lock.sh --check

bench: .venv/dev.stamp  ## measure a real server beside references (needs wrk): MODE=full ONLY="polls creates" WRITE=1
	@$(BIN)/python -m bench $(if $(filter full,$(MODE)),--full) $(if $(ONLY),--only $(ONLY)) $(if $(WRITE),--write)

audit: .venv/dev.stamp  ## look the locked dependencies up in the databases of known vulnerabilities
	@$(BIN)/python scripts/audit.py

format: .venv/dev.stamp  ## let ruff write what ruff can write
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: .venv/dev.stamp  ## pin the dependencies, and the clients that are tested, anew as far as needed
	scripts/lock.sh

docs: .venv/dev.stamp  ## write the reference pages that are made from the code
	$(BIN)/python scripts/settings_page.py > docs/settings.md

footprint: .venv/dev.stamp  ## list what an installation brings, package by package, with its size
	@$(BIN)/python scripts/footprint.py

shape: .venv/dev.stamp  ## list the longest files and functions
	@$(BIN)/python scripts/shape.py

clean:  ## remove what the other commands made here
	rm -rf .venv tests/clients/node/node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache demo.mp4 demo.png

.venv/runtime.stamp: requirements/runtime.lock pyproject.toml scripts/setup.sh
	@scripts/setup.sh runtime

.venv/dev.stamp: requirements/dev.lock pyproject.toml scripts/setup.sh
	@scripts/setup.sh dev
