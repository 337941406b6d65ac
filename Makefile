# make run    a campaign with the local language model: 12 proposals, a table, a report
# make setup  builds .venv alone, from requirements.lock; everything else builds on it
# Arguments for the command behind a target: make run ARGS="--candidates 24", make test ARGS=-x

SHELL := /bin/bash
ARGS ?=
BIN := .venv/bin
PYTHONS := $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11)
STAMP := .venv/.installed

.PHONY: setup run quick test full lint bench gpu-check lock clean

setup: $(STAMP)

# pip and not uv: pip reads the user's own index, proxy and certificate settings.
$(STAMP): requirements.lock pyproject.toml
	@set -e; \
	suits='import sys, ensurepip, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 15))'; \
	for python in $(PYTHONS); do \
	  if $$python -c "$$suits" >/dev/null 2>&1; then chosen=$$python; break; fi; \
	done; \
	if [ -z "$$chosen" ]; then \
	  echo "setup: no Python 3.11 to 3.14 with the venv module was found (looked at" \
	    "$(PYTHONS)). Install one (on Debian also its python3-venv package)" \
	    "or name it: make setup PYTHON=/path/to/python3.12" >&2; \
	  exit 1; \
	fi; \
	echo "setup: $$($$chosen --version) ($$(command -v $$chosen)) in .venv"; \
	if ! $(BIN)/python -c "$$suits" >/dev/null 2>&1; then $$chosen -m venv --clear .venv; fi
	@echo "setup: installing the locked packages, a few minutes the first time"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
	  --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
	  --no-build-isolation --editable .
	@touch $@

run: setup
	@$(BIN)/discover run preference_loss $(ARGS)

# Two at a time: one core each for what is tested. tests/README.md says what each level is for.
PYTEST := $(BIN)/python -m pytest --numprocesses 2 --dist loadfile
quick: setup
	@$(PYTEST) --level unit $(ARGS)

test: setup
	@$(PYTEST) --level gate $(ARGS)

# Everything; what has passed is written to tests/full.json, which is committed.
full: setup
	@$(PYTEST) --level full --record $(ARGS)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/vulture

bench: setup
	@set -e; for file in tests/benchmarks/*.py; do \
	  echo "== $$file"; $(BIN)/python -m tests.benchmarks.$$(basename $$file .py) $(ARGS); \
	done

# All that needs a GPU, in 8 minutes at most, as a table; without a GPU it says so before anything is
# installed, with status 3. It takes the first Python whose JAX sees the GPU and that has the other
# packages, so that one which is there already needs no network, and else makes .venv one.
READY := import filelock, gymnax, jax, optax, pydantic, rich; jax.devices("cuda")
gpu-check:
	@set -e; chosen=; \
	if ! ls /dev/nvidia[0-9]* >/dev/null 2>&1 && \
	  ! nvidia-smi -L 2>/dev/null | grep -q '^GPU '; then \
	  echo "gpu-check: no GPU here: no device file, and nvidia-smi names none;" \
	    "nothing was installed or checked" >&2; \
	  exit 3; \
	fi; \
	for python in $(BIN)/python $(PYTHONS); do \
	  if $$python -c '$(READY)' >/dev/null 2>&1; then chosen=$$python; break; fi; \
	done; \
	if [ -z "$$chosen" ]; then \
	  $(MAKE) setup; \
	  echo "gpu-check: installing JAX for CUDA"; \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
	    --requirement sandboxes/images/evaluator-cuda.lock; \
	  chosen=$(BIN)/python; \
	fi; \
	$$chosen -m tests.gpu_check $(ARGS)

# Renews requirements.lock and those of the images: every platform, Python 3.11 to 3.14, hashes, no
# host names. Of a package whose newest version has left an older Python behind it names two, each
# with the Pythons that get it. Images get the versions of the first.
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
  --fork-strategy requires-python --generate-hashes \
  --no-annotate --no-emit-index-url --custom-compile-command "make lock"
IMAGES := tracer evaluator lab evaluator-cuda lab-cuda
lock: setup
	$(COMPILE) --upgrade --extra local --extra brax --extra evolution --extra paper --extra craftax --group dev --output-file requirements.lock pyproject.toml
	for image in $(IMAGES); do \
	  $(COMPILE) --upgrade --constraint requirements.lock \
	    --output-file sandboxes/images/$$image.lock sandboxes/images/$$image.in || exit 1; \
	done

# Removes what the targets above build; campaigns in discoveries/ stay.
clean:
	rm -rf .venv dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find agent templates sandboxes reviewers tests -name __pycache__ -type d -prune \
	  -exec rm -rf {} +
