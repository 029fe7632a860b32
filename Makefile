# Needs Python >= 3.11 and make; everything else comes into .venv. `make help` lists what there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MODELS := $(wildcard ../shared/models)
export CATSEYE_MODELS ?= $(if $(MODELS),$(abspath $(MODELS)),)

.DEFAULT_GOAL := help
.PHONY: help demo test check soak bench system lock clean

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(VENV)/run.stamp: requirements/run.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("catseye needs Python 3.11 or newer, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/run.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	touch $@

$(VENV)/dev.stamp: requirements/dev.txt $(VENV)/run.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/dev.txt
	touch $@

$(VENV)/bench.stamp: requirements/bench.txt $(VENV)/dev.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/bench.txt
	touch $@

demo: $(VENV)/run.stamp  ## render a junction with known truth, count it, show the report
	$(BIN)/catseye demo --out demo-out

test: $(VENV)/dev.stamp  ## the laws of the house and every test
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m pytest -n 2 --dist loadfile -q --reruns 1 -rR

soak: $(VENV)/dev.stamp  ## the long runs: memory over 10,000 frames, kill -9 at many moments, properties on new examples
	$(BIN)/python -m pytest -q -m soak --timeout 1800
	HYPOTHESIS_PROFILE=explore $(BIN)/python -m pytest -q -n 2 --timeout 1800 $$(grep -rl "^@given" tests)

bench: $(VENV)/bench.stamp  ## every figure of benchmarks/README.md, peers beside us in one run
	$(BIN)/python -m pytest -q -m peers
	$(BIN)/python -m benchmarks

system:  ## Debian packages that only tests need (an RTSP server)
	sh requirements/system.sh

lock:  ## pin again: versions and hashes, never addresses
	sh requirements/lock.sh

clean:  ## remove what the targets above made
	rm -rf $(VENV) demo-out .mypy_cache .ruff_cache .pytest_cache .hypothesis
