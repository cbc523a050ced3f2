# `make demo` and `make test` do all the set-up on a fresh machine.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: .env install demo test screenshots chaos bench cluster soak matrix matrix-pins dist check format reference docs clean

install: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt airflow_provider_dbtsegment/__init__.py
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade --constraint constraints.txt pip setuptools uv
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --compile-bytecode --constraint constraints.txt --editable '.[sandbox]' --group dev
	$(BIN)/python -m compileall -q airflow_provider_dbtsegment
	touch $@

# KEEP=1 leaves Airflow's UI running; SCENARIO=broken-model and SCENARIO=bad-rows show the unhappy ways.
demo: install
	@$(BIN)/dbtsegment-demo $(if $(KEEP),--keep) $(if $(SCENARIO),--scenario $(SCENARIO))

test: install
	@$(BIN)/python -m tests.halves

# The pictures of Airflow's pages in docs/images, taken by the tests that look at them.
screenshots: install
	PICTURES=docs/images $(BIN)/python -m pytest tests/browser -m screenshots

# Every fault that can be made, in a real Airflow on PostgreSQL: nothing twice, nothing lost.
# What has come of each row is kept in .chaos/, a file for each version of Airflow. After an
# interruption, the next call runs what is left; a row that was right is run again only when it or the
# package has changed, or with AGAIN=1. A call without ONLY writes docs/chaos.md, and so does PAGE=1,
# which runs nothing. ONLY=regex runs some rows; AIRFLOW=2.11 or 3.1 runs that version, in its
# environment below .matrix/; COMPARE=1 runs the community's operator, too.
chaos: install
	@$(BIN)/python -W ignore -m tests.chaos $(if $(AIRFLOW),--airflow '$(AIRFLOW)') $(if $(ONLY),--only '$(ONLY)') $(if $(AGAIN),--again) $(if $(PAGE),--page) $(if $(COMPARE),--compare)

# What waiting costs, beside the community's provider, in about 40 minutes; it writes docs/bench.md
# and docs/images. ONLY=regex runs some parts, QUICK=1 small ones to see that it works; neither writes.
bench: install
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --compile-bytecode --constraint constraints.txt --group bench
	@$(BIN)/python -W ignore -m tests.bench $(if $(QUICK),--quick) $(if $(ONLY),--only '$(ONLY)') $(if $(ONLY)$(QUICK),,--write docs/bench.md)

# Random secrets for docker-compose.yaml; those that are there already stay.
.env:
	@$(PYTHON) -m tests.cluster.dotenv $@

# The services of docker-compose.yaml without containers: 200 pipelines run through two workers and
# two triggerers, of which one each is killed on the way. PIPELINES=20 runs fewer.
cluster: install
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --compile-bytecode --constraint constraints.txt --group cluster
	@$(BIN)/python -W ignore -m tests.cluster $(if $(PIPELINES),--pipelines $(PIPELINES))

# An hour of 20 pipelines a minute through the same services, none of them killed: what grows, and
# what is lost. MINUTES=10 and RATE=5 run less.
soak: install
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --compile-bytecode --constraint constraints.txt --group cluster
	@$(BIN)/python -W ignore -m tests.soak $(if $(MINUTES),--minutes $(MINUTES)) $(if $(RATE),--rate $(RATE))

# The package on every version of Airflow that it supports, each in an environment of its own below
# .matrix/: guards, tests, and the demo's DAG in a real Airflow, deferred and not. ONLY=3.1 tries one.
matrix: install
	@$(BIN)/python -W ignore -m tests.matrix $(if $(ONLY),--only '$(ONLY)')

# The constraints of all of these anew, with what there is today. ONLY=3.1 writes one.
matrix-pins: install
	@$(BIN)/python -m tests.matrix.pin $(if $(ONLY),--only '$(ONLY)')

# Wheel and sdist of the newest commit, in dist/: built twice, looked into, installed into an empty
# environment, where the demo has to run. docs/releasing.md says how a release is made.
dist: install
	@$(BIN)/python -W ignore -m tests.dist

check: install
	$(BIN)/ruff check --no-cache .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The pages that are written by programs: all endpoints, from the table that the tests use, and all
# arguments of operators and sensors.
reference: install
	$(BIN)/python -m tests.endpoints.reference
	$(BIN)/python -m tests.docs.arguments

# The documentation as a site, in site/; a link that leads nowhere is an error.
docs: install
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

clean:
	rm -rf $(VENV) .matrix .chaos .demo dist site .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
