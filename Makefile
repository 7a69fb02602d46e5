# Each target but `help` and `clean` first makes the virtual environment `.venv` from requirements.lock, and from
# tests/peers.lock what must be built.

PYTHON ?= python3
PIP := .venv/bin/python -m pip --quiet --disable-pip-version-check
STAMP := .venv/.stamp

# What is started again and again, by the tests above all, is compiled once, whatever the environment says.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup demo test check format bench torture lock clean

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-8s %s\n", $$1, $$2}'

setup: $(STAMP) ## make .venv from the locks

$(STAMP): requirements.lock tests/peers.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Forewarn needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1)." \
		"Name another with: make setup PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(PIP) install --no-deps --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation --require-hashes -r tests/peers.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

demo: setup ## tell the whole story on real incidents, then serve until Ctrl-C (ONESHOT=1: exit after the story)
	.venv/bin/forewarn demo $(if $(ONESHOT),--oneshot)

test: setup ## all the tests, on SQLite and on a PostgreSQL that they start themselves
	.venv/bin/pytest -n 3 --dist worksteal

check: setup ## lint, types and the import rule
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports

format: setup ## format the code and apply the linter's safe fixes
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

bench: setup ## the benchmarks, side by side with their peers
	$(PIP) install --no-deps --require-hashes -r bench/requirements.lock
	.venv/bin/python -m bench

torture: setup ## the long proofs: kill sweeps, races, a soak, agreement of SQL and rules
	.venv/bin/pytest -m torture -n 2 --dist worksteal

# Pins that still fit are kept; `make lock UPGRADE=1` takes the newest of everything.
lock: setup ## renew the locks after a change of the dependencies (UPGRADE=1: take the newest)
	.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --all-extras --group dev \
		--generate-hashes --no-emit-index-url --no-emit-package pip --custom-compile-command 'make lock' \
		$(if $(UPGRADE),--upgrade) --output-file requirements.lock pyproject.toml
	.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade) \
		--output-file bench/requirements.lock bench/requirements.in
	.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --no-deps --generate-hashes --no-emit-index-url \
		--custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade) --output-file tests/peers.lock tests/peers.in

clean: ## remove .venv and what the tools left
	rm -rf .venv dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache .schemathesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
