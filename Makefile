# Everything starts here: `make demo` and `make test` need Python 3.10-3.13 and nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: setup demo test lint bench clean

setup: $(VENV)/installed
	@echo "speechzip is ready: $(BIN)/speechzip --help"

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --editable .
# Bytecode only for what runs, and no build tools: 380 MB instead of 407.
	$(BIN)/python -m compileall -q -x '/(tests?|pip|tools|transformers|quantization|datasets|lexers|styles)/' $(VENV)/lib
	-$(BIN)/pip uninstall --quiet --yes setuptools
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(VENV)/installed
	$(BIN)/python -m speechzip.eval.demo

test: $(VENV)/installed-dev
	$(BIN)/python -m pytest

bench: $(VENV)/installed
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[bench]'
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m speechzip.eval.text_coders

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis demo
