# Start here: `make demo` and `make test` need Python 3.10-3.13 and nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ENGINES_VENV := .venv-engines
ENGINES_BIN := $(ENGINES_VENV)/bin

# All installed packages are locked with hashes in requirements/*.txt, which `make lock` writes. The files are complete,
# so pip resolves nothing. Source packages are built with a locked setuptools, too.
PIP_INSTALL := pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation
LOCKED := --require-hashes --requirement

.PHONY: setup demo live-demo radio-demo test test-fast test-engines coverage fuzz lint lock eval eval-check eval-baseline bench docs clean

setup: $(VENV)/installed
	@echo "speechzip is ready: $(BIN)/speechzip --help"

$(VENV)/installed: pyproject.toml requirements/build.txt requirements/install.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/$(PIP_INSTALL) --no-compile $(LOCKED) requirements/build.txt
	$(BIN)/$(PIP_INSTALL) --no-compile $(LOCKED) requirements/install.txt
	$(BIN)/$(PIP_INSTALL) --no-compile --editable .
# Bytecode only for what runs, and no build tools: 380 MB instead of 407.
	$(BIN)/python -m compileall -q -x '/(tests?|pip|tools|transformers|quantization|datasets|lexers|styles|contrib)/' $(VENV)/lib
	$(BIN)/python -m compileall -q pipeline voices eval
	$(BIN)/pip uninstall --quiet --yes setuptools wheel
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed-eval requirements/dev.txt
	$(BIN)/$(PIP_INSTALL) $(LOCKED) requirements/dev.txt
	@touch $@

demo: $(VENV)/installed
	$(BIN)/python -m speechzip.eval.bench.demo

live-demo: $(VENV)/installed
	$(BIN)/python -m speechzip.pipeline.live.bench.demo

# A conversation over a packet radio, the HF modem and Reticulum; needs the extras hf and reticulum, which dev has.
radio-demo: $(VENV)/installed-dev
	$(BIN)/python -m speechzip.eval.radio.demo

# First on all cores, up to four, as each process may load every model; then one by one what starts processes of its own.
test: $(VENV)/installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n auto --maxprocesses 4 --dist worksteal -m "not processes"
	$(BIN)/python -m pytest -q -m processes

# Tests that run no model, read no recording of the evaluation, start no processes and take no second. There is one process more
# than cores, because many of them wait.
test-fast: $(VENV)/installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n $$($(PYTHON) -c 'import os; print(os.cpu_count() + 1)') --dist worksteal -m "not models and not corpus and not processes and not slow"

# The same tests with the share of lines and branches that they run, without what runs in other processes.
coverage: $(VENV)/installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n auto --dist worksteal -m "not models and not corpus and not processes" \
		--cov --cov-report=term:skip-covered

# Ten minutes of mutated payloads, text codes, voice files, frames, packets, recordings and texts; inputs that break are
# kept in fuzz-found/.
# `make fuzz FUZZ='--seed 7 --only "voice file"'` runs others.
fuzz: $(VENV)/installed-dev
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 PYTHONPATH=tests $(BIN)/python -m fuzz $(FUZZ)

# The extras need 5.5 GB and pin their versions, so they have a separate environment. Warnings of the
# libraries are ignored; warnings of speechzip are errors here, too. The tests' tiny models are fastest in one thread.
test-engines: $(ENGINES_VENV)/installed
	OMP_NUM_THREADS=1 $(ENGINES_BIN)/python -m pytest tests/engines -W default -W error::speechzip.pipeline.SpeechzipWarning

$(ENGINES_VENV)/installed: pyproject.toml requirements/build.txt requirements/engines.txt
	$(PYTHON) -m venv $(ENGINES_VENV)
	$(ENGINES_BIN)/$(PIP_INSTALL) $(LOCKED) requirements/build.txt
	$(ENGINES_BIN)/$(PIP_INSTALL) $(LOCKED) requirements/engines.txt
	$(ENGINES_BIN)/$(PIP_INSTALL) --editable .
	@touch $@

# Uses the evaluation recordings if they exist, otherwise those of the installed wheels. Writes the report to
# report/, the tables of README.md between their markers, and its picture. `EVAL=--limit=10` makes a short run.
CORPUS ?= $(if $(wildcard ../shared/evalset/manifest.csv),../shared/evalset,wheels)

# Text in several ways, and each rival at the rates that people use it at: all rates take twice as long, and are what
# `speechzip eval` measures by itself.
SYSTEMS := original speechzip speechzip[voice_bytes=64] speechzip[text_coder=smollm2-1] \
	text-utf8-hibari text-brotli-espeak text-english-hibari opus-6-60ms opus-8-60ms opus-12-20ms opus-24-20ms \
	codec2-700C codec2-1200 codec2-3200 amr-nb-4.75 speex-4

# Whisper base is a second judge where its weights can be had.
eval: $(VENV)/installed-eval $(VENV)/installed-judge
	$(BIN)/speechzip eval $(CORPUS) --out report $(SYSTEMS:%=--system '%') $$(test -e $(VENV)/test-weights/base/model.bin && \
		echo --judge moonshine --judge faster-whisper:$(VENV)/test-weights/base) $(EVAL)
	$(BIN)/python -m speechzip.eval.report.readme report/results.json README.md
	$(BIN)/python -m speechzip.eval.report.picture report/results.json docs/pictures/evaluation.svg

# Compares a small evaluation, of what every install has, with the last release's figures in eval/baseline.json.
eval-check: $(VENV)/installed-eval
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m speechzip.eval.check

# Makes this release the baseline: run it when a release is made, or when figures became better or worse on purpose.
eval-baseline: $(VENV)/installed-eval
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m speechzip.eval.check --update

$(VENV)/installed-eval: $(VENV)/installed requirements/eval.txt
	$(BIN)/$(PIP_INSTALL) $(LOCKED) requirements/eval.txt
	@touch $@

$(VENV)/installed-judge: $(VENV)/installed requirements/judge.txt tests/engines/whisper-base.txt
	$(BIN)/$(PIP_INSTALL) $(LOCKED) requirements/judge.txt
	$(BIN)/python tests/whisper_weights.py $(VENV)/test-weights || echo "Moonshine judges alone"
	@touch $@

bench: $(VENV)/installed-eval $(VENV)/installed-judge
	$(BIN)/python -m speechzip.eval.bench.speed
	$(BIN)/python -m speechzip.eval.bench.steps
	$(BIN)/python -m speechzip.eval.bench.text_coders
	$(BIN)/python -m speechzip.eval.bench.waiting --whisper $(VENV)/test-weights/base
	$(BIN)/python -m speechzip.eval.bench.hour

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy tests
	$(BIN)/pyright

# The documentation, into site/; every warning is an error. The pages fetch nothing from elsewhere.
docs: $(VENV)/installed-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict
	@echo "open site/index.html; with search: python3 -m http.server --directory site"

$(VENV)/installed-docs: $(VENV)/installed-eval requirements/docs.txt
	$(BIN)/$(PIP_INSTALL) $(LOCKED) requirements/docs.txt
	@touch $@

# After a change of dependencies in pyproject.toml or requirements/*.in, run `make lock` and commit the result;
# unchanged dependencies keep their versions. `make lock UPGRADE=--upgrade` updates all of them.
# All other files agree with the versions of dev.txt. PyTorch has no wheels for Intel Macs, so the engines are not solved for them.
LOCK = .venv-lock/bin/uv pip compile --quiet --universal --python-version 3.10 --generate-hashes \
	--custom-compile-command 'make lock' $(UPGRADE)

lock: .venv-lock/installed
	$(LOCK) requirements/build.in -o requirements/build.txt
	$(LOCK) pyproject.toml requirements/eval.in --extra dev -o requirements/dev.txt
	$(LOCK) pyproject.toml -c requirements/dev.txt -o requirements/install.txt
	$(LOCK) pyproject.toml requirements/eval.in --extra bench -c requirements/dev.txt -o requirements/eval.txt
	$(LOCK) requirements/docs.in -c requirements/dev.txt -o requirements/docs.txt
	$(LOCK) pyproject.toml --extra faster-whisper -c requirements/dev.txt -o requirements/judge.txt
	$(LOCK) --no-config pyproject.toml requirements/engines.in --extra faster-whisper --extra hibari --extra pocket --extra whisper --extra xtts -o requirements/engines.txt

.venv-lock/installed:
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet --disable-pip-version-check uv==0.13.9
	@touch $@

clean:
	rm -rf $(VENV) $(ENGINES_VENV) .venv-lock build dist site *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis demo radio-demo
