.DEFAULT_GOAL := help
.PHONY: help demo up kafka test check bench faults faults-kafka planted pages lock openapi

# Where it is set, every one of the hundreds of processes that tests start would compile the whole of lqs again.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := VIRTUAL_ENV="$(CURDIR)/$(VENV)" $(BIN)/uv

help: ## list the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

demo: $(VENV)/.runtime ## watch ten French problems being generated, on a throw-away database
	@$(BIN)/lqs demo

up: $(VENV)/.runtime ## serve the API and a worker on the embedded PostgreSQL until Ctrl-C
	@$(BIN)/lqs up

kafka: $(VENV)/.dev ## run a Kafka broker on a free port until Ctrl-C
	@$(BIN)/python -m broker run

test: $(VENV)/.dev ## run every test
	@$(BIN)/python -m broker fetch || true
	@$(BIN)/pytest -q -n 3 --dist loadfile --no-loadscope-reorder

check: $(VENV)/.dev ## formatting, lint, types, arrows between modules
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@tools/openapi/lint

openapi: $(VENV)/.dev ## write docs/reference/openapi.json anew, which a test holds against the application
	@$(BIN)/python tools/openapi/write.py

bench: $(VENV)/.dev ## measure what is claimed about speed, as one table; ten minutes
	@$(BIN)/python -m benchmarks

faults: $(VENV)/.dev ## hurt the service a thousand times, then see what it promised
	@$(BIN)/python -m faults

faults-kafka: $(VENV)/.dev ## hurt the service on a real Kafka, in all ways; a quarter of an hour
	@$(BIN)/python -m faults --kafka

planted: $(VENV)/.dev ## plant bugs, and see that the fault harness finds each
	@$(BIN)/python -m faults --planted

pages: $(VENV)/.dev ## write anew what is generated from the code: the pages of the reference and about errors, what shells complete
	@$(BIN)/python -m lqs.api.error_pages docs/errors
	@$(BIN)/python -m lqs.cli.completion
	@$(BIN)/python -m tools.pages docs/reference

lock: $(BIN)/uv ## compile the dependency locks anew (hashes, no download addresses)
	@$(UV) pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --universal --python-version 3.11 \
	    --custom-compile-command "make lock" requirements.in -o requirements.txt
	@$(UV) pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --universal --python-version 3.11 \
	    --custom-compile-command "make lock" requirements-dev.in -o requirements-dev.txt
	@cd tools/openapi && npm install --silent --package-lock-only && node relock.mjs

$(BIN)/uv:
	@echo "Setting up $(VENV) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "lqs needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python3.11 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.11,<1'

$(VENV)/.runtime: requirements.txt pyproject.toml | $(BIN)/uv
	@if test -e $(VENV)/.dev; then $(MAKE) --no-print-directory $(VENV)/.dev; else \
	    $(UV) pip sync --quiet --require-hashes --compile-bytecode requirements.txt && \
	    $(UV) pip install --quiet --no-deps --no-build-isolation -e . ; fi
	@touch $@

$(VENV)/.dev: requirements-dev.txt requirements.txt pyproject.toml | $(BIN)/uv
	@$(UV) pip sync --quiet --require-hashes --compile-bytecode requirements-dev.txt
	@$(UV) pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.runtime
