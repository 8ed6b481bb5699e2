# Every command sets .venv up by itself, and again only when pyproject.toml or constraints.txt change.
#
#   make demo      the whole life of a recogniser on an embedded, synthetic corpus
#   make test      lint, types, import contracts and every test that is not slow
#   make lint      the checks of `make test` without the tests
#   make format    put the code into its form
#   make bench     speed and memory, against the notebooks; writes results/ and docs/performance.md
#   make results   run each recipe whose data are there; writes results/, the README's table and docs/targets.md
#   make docs      the documentation site, into site/; any warning is an error
#   make clean     remove .venv, caches and build products
#
# Options: PYTHON=python3.12 (for a new .venv), ISHARA_DATA=FOLDER (where the real corpora are), TESTS="-k leak" (for pytest),
# JOBS=2 (for results: folds beside each other), RECIPES=recipes/NAME.yaml (for results: those alone).

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help demo test lint format bench results docs clean FORCE

BIN := .venv/bin
CREATED := .venv/.created
DEMO := .venv/.installed-demo
FULL := .venv/.installed-full
DOCS := .venv/.installed-docs
DRAWN := runs/synthetic-video/index.csv
PINS := pyproject.toml constraints.txt

# 3.11 first: torch's CPU build is more often at hand for it (on our machines only for it), and that saves 4 GB.
# Each is run, not looked up: a pyenv shim may stand for a Python that is not there.
CANDIDATES := python3.11 python3.12 python3
USABLE := import sys, venv, ensurepip; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))
PYTHON ?= $(shell for p in $(CANDIDATES); do "$$p" -c '$(USABLE)' 2>/dev/null && echo "$$p" && break; done)
VENV_WORKS := $(shell [ "$$(cat $(CREATED) 2>/dev/null)" = "$(CURDIR)" ] && $(BIN)/python -c 'import pip; $(USABLE)' \
  2>/dev/null && echo yes)

ifdef ISHARA_DATA
export ISHARA_DATA
else ifneq ($(wildcard ../shared/data/.),)
export ISHARA_DATA := $(abspath ../shared/data)
endif

# wlasl10-… and wlasl100-… are for a GPU, and for all of WLASL.
RECIPES ?= $(filter-out recipes/demo.yaml recipes/wlasl10%.yaml,$(sort $(wildcard recipes/*.yaml)))
# On the folds of these, the notebook's own configuration is measured too, as it stands.
BASELINES ?= $(filter recipes/%-spoter.yaml,$(filter-out recipes/%-bdsl-spoter.yaml,$(RECIPES)))

# Two test processes; each keeps to one thread, so that two cores are not shared among eight.
WORKERS ?= 2
TESTS ?=
# Folds beside each other: more need less time where there are more cores, and as much more memory.
JOBS ?= 1

help:
	@sed -n 's/^#   //p' Makefile

demo: $(DEMO)
	@$(BIN)/ishara demo

test: $(FULL) lint
	@OMP_NUM_THREADS=1 $(BIN)/pytest -n $(WORKERS) --dist loadfile -m "not slow" $(TESTS)

lint: $(FULL)
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(FULL)
	@$(BIN)/ruff check --fix-only
	@$(BIN)/ruff format

bench: $(FULL)
	@missed=; \
	for bench in benchmarks/bench_*.py; do \
	  echo "== $$bench"; \
	  $(BIN)/python "$$bench" || { code=$$?; ((code != 130)) || exit 130; missed="$$missed $$bench"; }; \
	done; \
	$(BIN)/python benchmarks/performance_page.py; \
	[ -z "$$missed" ] || { echo >&2 "Not as it should be:$$missed. The reasons stand above and in docs/performance.md."; exit 1; }

# What drawn signers gave is called synthetic wherever it stands. The corpus of the demo itself is for the demo alone.
results: $(FULL) $(if $(filter recipes/demo-%,$(RECIPES)),| $(DRAWN))
	@recipes=$$($(BIN)/python -c "$$DATA_ARE_THERE" $(RECIPES)); \
	set -- $$recipes; number=0; failed=; \
	for recipe; do \
	  number=$$((number + 1)); \
	  echo "== $$recipe: $$($(BIN)/python -c "$$OUTLOOK" "$$number" "$$@")"; \
	  $(BIN)/ishara crossval "$$recipe" --jobs $(JOBS) --results results/ || \
	    { code=$$?; ((code != 130)) || exit 130; failed="$$failed $$recipe"; continue; }; \
	  case " $(BASELINES) " in *" $$recipe "*) \
	    echo "== $$recipe: the notebook's configuration, on the same folds"; \
	    $(BIN)/python benchmarks/notebook_baseline.py "$$recipe" --results results/ || \
	      { code=$$?; ((code != 130)) || exit 130; failed="$$failed $$recipe (notebook)"; };; \
	  esac; \
	done; \
	$(BIN)/python benchmarks/measure_comparisons.py; \
	$(BIN)/python benchmarks/measure_looks.py; \
	$(BIN)/ishara results --into README.md; \
	$(BIN)/python benchmarks/targets_page.py; \
	[ -z "$$failed" ] || { echo >&2 "Not measured:$$failed. The reasons stand above; type it again to go on."; exit 1; }

# It is built beside the old one, so that a failed build leaves that as it was.
docs: $(DOCS)
	@rm -rf site.new
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet --site-dir site.new
	@rm -rf site && mv site.new site
	@echo "Open site/index.html in a browser."

clean:
	@rm -rf .venv build dist site site.new .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

define DATA_ARE_THERE
import sys
from ishara.errors import IsharaError
from ishara.clips.roots import find_root
from ishara.recipe import Recipe
for recipe in sys.argv[1:]:
    data = Recipe.read(recipe).data
    try:
        find_root(data.manifest or data.root)
        print(recipe)
    except IsharaError as error:
        print(f"== {recipe} is left out. {error}", file=sys.stderr)
endef
export DATA_ARE_THERE

define OUTLOOK
import sys
from pathlib import Path
from ishara.training.outlook import outlook
recipes = [Path(recipe) for recipe in sys.argv[2:]]
print(outlook(recipes, int(sys.argv[1]), runs=Path("runs"), results=Path("results")))
endef
export OUTLOOK

# A .venv that is missing, half-made, of another Python or moved is made anew; what was installed goes with it.
$(CREATED): $(if $(VENV_WORKS),,FORCE)
	@"$(or $(PYTHON),false)" -c '$(USABLE)' 2>/dev/null || { echo >&2 \
	  "Ishara needs Python 3.11 or 3.12 with venv; $(if $(PYTHON),$(PYTHON) is not one,none of $(CANDIDATES) is one)." \
	  "Install one (Debian: apt install python3.11-venv), or type: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	@"$(PYTHON)" -m venv --clear .venv
	@echo "$(CURDIR)" >$@

# Minutes, once; the index is written last, and what was interrupted is gone on with.
$(DRAWN): | $(FULL)
	@$(BIN)/ishara corpora get synthetic-video --out $(@D)

$(DEMO): $(PINS) $(CREATED)
	$(call install,train$(comma)report)
	@touch $@

$(DOCS): $(PINS) $(CREATED)
	$(call install,docs)
	@touch $@

# Everything includes what the demo needs.
$(FULL): $(PINS) $(CREATED)
	$(call install,all$(comma)dev)
	@touch $(DEMO) $@

# pip's own output goes to a log; what is shown is that it goes on, and the end of the log where it fails.
comma := ,
define install
@echo "Installing ishara[$(1)] into .venv with $$($(BIN)/python --version); this takes some minutes the first time."
@$(BIN)/python -m pip install --progress-bar off --disable-pip-version-check -c constraints.txt -e '.[$(1)]' 2>&1 \
  | tee .venv/install.log | { $(progress); } || { tail -n 15 .venv/install.log >&2; \
  echo >&2 "The installation failed (all of pip's words: .venv/install.log). Nothing is marked as installed: mend the cause and type it again."; exit 1; }
endef
# In bash, for some awks wait for a full buffer before they show a line.
define progress
n=0; while IFS= read -r line; do case "$$line" in \
    Collecting\ *|Processing\ *) n=$$((n + 1)); if ((n % 40 == 0)); then echo "  $$n packages found"; fi ;; \
    *Downloading\ *[0-9][0-9][0-9].[0-9]\ MB*) echo "  downloading $${line##*Downloading }" ;; \
    Installing\ collected*) echo "  unpacking all of them" ;; \
  esac; done
endef
