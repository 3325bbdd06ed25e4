# Everything starts here: `make demo` and `make test` need Python 3.10-3.13 and nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ENGINES_VENV := .venv-engines
ENGINES_BIN := $(ENGINES_VENV)/bin

.PHONY: setup demo live-demo test test-engines lint eval bench clean

setup: $(VENV)/installed
	@echo "speechzip is ready: $(BIN)/speechzip --help"

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --editable .
# Bytecode only for what runs, and no build tools: 384 MB instead of 411.
	$(BIN)/python -m compileall -q -x '/(tests?|pip|tools|transformers|quantization|datasets|lexers|styles)/' $(VENV)/lib
	-$(BIN)/pip uninstall --quiet --yes setuptools
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed-eval
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(VENV)/installed
	$(BIN)/python -m speechzip.eval.demo

live-demo: $(VENV)/installed
	$(BIN)/python -m speechzip.pipeline.live.demo

test: $(VENV)/installed-dev
	$(BIN)/python -m pytest

# The extras need 5.5 GB and pin their versions, so they have an environment of their own. What the
# libraries warn of is theirs; what speechzip warns of is an error here too.
# Models as tiny as the tests' are fastest in one thread.
test-engines: $(ENGINES_VENV)/installed
	OMP_NUM_THREADS=1 $(ENGINES_BIN)/python -m pytest tests/engines -W default -W error::speechzip.pipeline.SpeechzipWarning

$(ENGINES_VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(ENGINES_VENV)
	$(ENGINES_BIN)/pip install --quiet --disable-pip-version-check --editable '.[whisper,xtts]' onnx pytest
	@touch $@

# On the evaluation recordings where they are at hand, else on those of the installed wheels. The report
# goes to report/, the headline table into README.md between its markers. `EVAL=--limit=10` for a look.
CORPUS ?= $(if $(wildcard ../shared/evalset/manifest.csv),../shared/evalset,wheels)

eval: $(VENV)/installed-eval
	$(BIN)/speechzip eval $(CORPUS) --out report $(EVAL)
	$(BIN)/python -c "from speechzip.eval.report.headline import main; main()" report/results.json README.md

# Resemblyzer's own dependencies are 5 GB and a compiler; of it only the weights are used.
$(VENV)/installed-eval: $(VENV)/installed
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[eval]'
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps Resemblyzer==0.1.4
	@touch $@

bench: $(VENV)/installed
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[bench]'
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m speechzip.eval.speed
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m speechzip.eval.text_coders
	$(BIN)/python -m speechzip.pipeline.live.delay

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright

clean:
	rm -rf $(VENV) $(ENGINES_VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis demo
