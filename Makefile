# Newcomers need two commands: `make run` and `make test`.

PYTHON ?= python3

# Tests and `make run` start many processes; without bytecode each would compile every module.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
BIN := $(VENV)/bin

DOCS := var/public/docs/index.html
BUILD_DOCS = NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

.DEFAULT_GOAL := help
.PHONY: help run test test-fast test-stack test-faults test-image coverage fuzz mutants lint audit sbom format bench docs messages lock clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

run: $(VENV)/.train $(DOCS)  ## start the site on http://127.0.0.1:8080; Ctrl-C stops it
	@exec $(BIN)/python -m mnistsite.entrypoints.run

# One process more than processors, because tests wait for sites and the disk. A file stays in one
# process, because many start a site once; long ones come first.
PROCESSES = $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
PYTEST = $(BIN)/pytest --numprocesses $(PROCESSES) --dist loadfile --no-loadscope-reorder --durations 15
COVERAGE := --cov --cov-report term:skip-covered

test: $(VENV)/.dev  ## the whole suite but the stack's, on a real PostgreSQL
	$(PYTEST) $(if $(CI),$(COVERAGE))

test-fast: $(VENV)/.dev  ## the tests that need no browser, started process or TensorFlow
	$(PYTEST) -m "not slow"

coverage: $(VENV)/.dev  ## the whole suite, and what it misses without its tests in a browser
	$(PYTEST) $(COVERAGE) --cov-report html

fuzz: $(VENV)/.dev  ## fuzz pictures, archives and requests, guided by coverage; FUZZ_MINUTES=10
	$(BIN)/pytest mnistsite/tests/fuzzing/coverage_guided.py

mutants: $(VENV)/.dev  ## test a few critical modules by mutation
	@$(BIN)/python .ci/mutants.py

test-image: $(VENV)/.dev  ## build both images and run them; as root, with buildah and debootstrap
	$(BIN)/pytest mnistsite/tests/images

test-stack: $(VENV)/.dev  ## test the production stack as processes; needs nginx and dnsmasq
	$(BIN)/pytest mnistsite/tests/production

test-faults: $(VENV)/.dev  ## kill, crash, stop and damage the stack under load; FAULTS_SCALE=5 causes more faults
	$(BIN)/pytest -p no:randomly mnistsite/tests/faults

lint: $(VENV)/.dev  ## check style, spelling, prose, types, imports, migrations and container files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	find templates -name '*.html' -exec $(BIN)/djade --check {} +
	$(BIN)/oxlint --deny-warnings static
	$(BIN)/codespell
	$(BIN)/proselint check README.md CONTRIBUTING.md CHANGELOG.md docs
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/hadolint Dockerfile
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/ci.yml
	sed 's/$${RESOLVER}/127.0.0.11/' nginx.conf | $(BIN)/gixy --skips host_spoofing -

audit: $(VENV)/.dev  ## find risky code and known vulnerabilities of dependencies
	$(BIN)/bandit --quiet --recursive --exclude '*/tests/*' classifier mnistsite training manage.py \
		gunicorn.conf.py
	$(BIN)/python .ci/audit.py requirements/*.txt

sbom: $(VENV)/.dev  ## list the packages of both images and their licences in var/sbom (CycloneDX)
	$(BIN)/python .ci/sbom.py var/sbom

format: $(VENV)/.dev  ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev  ## measure model time, throughput, CPU time and memory
	$(BIN)/python -m benchmarks.serving

docs: $(VENV)/.docs  ## build the documentation, which the site serves at /docs/
	$(BUILD_DOCS)

$(DOCS): mkdocs.yml mkdocs_hooks.py $(shell find docs -type f) | $(VENV)/.docs
	@$(BUILD_DOCS)

messages:  ## update the translation files; needs gettext
	$(BIN)/python manage.py makemessages --all --no-wrap --no-obsolete --add-location file \
		--ignore tests --ignore var --ignore '.*'
	$(BIN)/python manage.py compilemessages --ignore '.*'

lock: $(VENV)/.dev  ## resolve the dependencies and write their hashes
	$(BIN)/python -m uv pip compile pyproject.toml $(LOCK) -o requirements/serve.txt
	$(BIN)/python -m uv pip compile pyproject.toml $(LOCK) --group embedded --group train \
		-c requirements/serve.txt -o requirements/train.txt
	$(BIN)/python -m uv pip compile $(LOCK) --group docs -c requirements/train.txt -o requirements/docs.txt
	$(BIN)/python -m uv pip compile pyproject.toml $(LOCK) --group embedded --group train --group docs \
		--group dev -c requirements/train.txt -c requirements/docs.txt -o requirements/dev.txt

LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links

# pip reads the machine's pip.conf, with its proxies and indexes. The files list all packages, so pip has
# no dependencies to resolve: it would prefer newer releases than those listed for some extras.
$(VENV)/.%: requirements/%.txt | $(BIN)/pip
	@echo "Installing $<; the first time this takes minutes and 2 GB …"
	@$(BIN)/pip install -qq --no-compile --no-deps --require-hashes -r $< || { echo \
		"The installation failed. To see why, run: $(BIN)/pip install --no-deps --require-hashes -r $<" >&2; exit 1; }
	@touch $@

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo \
		"mnistsite needs Python 3.11 or newer. Name one: make run PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo \
		"$(PYTHON) has no venv module. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV)

clean:  ## remove the virtual environment and caches, but no data
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache mutants
