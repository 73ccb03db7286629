# The two commands that a newcomer needs are `make run` and `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help run test fuzz test-stack test-image lint audit format bench docs messages lock clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

run: $(VENV)/.train  ## start everything on http://127.0.0.1:8080; Ctrl-C stops it
	@exec $(BIN)/python -m mnistsite.run

test: $(VENV)/.dev  ## the whole suite, on a real PostgreSQL
	$(BIN)/pytest

fuzz: $(VENV)/.dev  ## hostile requests and damaged pictures for ten minutes; FUZZ_SEED=N repeats a run
	FUZZ_SEED=$(FUZZ_SEED) FUZZ_SECONDS=300 FUZZ_REQUESTS=100000 FUZZ_PICTURES=1000000 \
		$(BIN)/pytest mnistsite/tests/test_fuzz.py classifier/imaging/tests/test_fuzz_pictures.py

FUZZ_SEED ?= $(shell date +%s)

test-image: $(VENV)/.dev  ## build both images and run them; as root, with buildah and debootstrap
	$(BIN)/pytest containers

test-stack: $(VENV)/.dev  ## the production stack as processes; needs nginx and dnsmasq
	$(BIN)/pytest mnistsite/tests/production

lint: $(VENV)/.dev  ## style, types, import contracts, missing migrations, the stack's files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/hadolint Dockerfile
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	sed 's/$${RESOLVER}/127.0.0.11/' nginx.conf | $(BIN)/gixy --skips host_spoofing -

audit: $(VENV)/.dev  ## risky code, and known vulnerabilities of what it depends on
	$(BIN)/bandit --quiet --recursive --exclude '*/tests/*' classifier mnistsite training manage.py \
		gunicorn.conf.py
	$(BIN)/python .ci/audit.py requirements/*.txt

format: $(VENV)/.dev  ## put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev  ## memory, model time and throughput, beside the original's way
	$(BIN)/python benchmarks/serving.py

docs: $(VENV)/.dev  ## the documentation as a site, in var/docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

messages:  ## take the texts out of the code anew, for locale/*/LC_MESSAGES/django.po; needs gettext
	$(BIN)/python manage.py makemessages --all --no-wrap --no-obsolete --add-location file \
		--ignore admin --ignore management --ignore tests --ignore 'templates/admin/*' \
		--ignore var --ignore training --ignore '.*'
	$(BIN)/python manage.py compilemessages --ignore '.*'

lock: $(VENV)/.dev  ## resolve the dependencies anew, with hashes
	$(BIN)/python -m uv pip compile pyproject.toml $(LOCK) -o requirements/serve.txt
	$(BIN)/python -m uv pip compile pyproject.toml $(LOCK) --group embedded --group train \
		-c requirements/serve.txt -o requirements/train.txt
	$(BIN)/python -m uv pip compile pyproject.toml $(LOCK) --group embedded --group train --group dev \
		-c requirements/train.txt -o requirements/dev.txt

LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links

$(VENV)/.%: requirements/%.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing $< …"
	@$(BIN)/pip install --disable-pip-version-check --no-compile --require-hashes -r $<
	@touch $@

clean:  ## remove the virtual environment and caches; data in var/ stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
