# Every target makes the environment that it needs by itself (tools/bootstrap.sh): no root, no
# activation. PYTHON=python3.12 chooses the interpreter, WHEELHOUSE=dir installs without a network.
SHELL = /bin/sh
# Bytecode makes start-up several times as fast; some environments forbid writing it.
unexport PYTHONDONTWRITEBYTECODE
unexport PYTHONPATH

ENVIRONMENT = env=$$(sh tools/bootstrap.sh
IN_CORE = @set -e; $(ENVIRONMENT) core);
IN_TEST = @set -e; $(ENVIRONMENT) test);
IN_FULL = @set -e; $(ENVIRONMENT) full);
IN_BENCH = @set -e; $(ENVIRONMENT) bench);

.PHONY: help demo test test-all soak lint bench validate pictures generated audit sbom lock wheel wheelhouse bundle sizes clean

# What is drawn before anything lands is drawn alike each time: what fails then has been changed.
# `make soak` draws anew. EFFMON_SEED=N make test-all draws otherwise.
test test-all: export EFFMON_SEED ?= 1
# They make thousands of databases that live for a second: in memory, where there is room for them.
MEMORY := $(shell [ -w /dev/shm ] && [ "$$(df -Pk /dev/shm | awk 'NR == 2 {print $$4}')" -gt 6000000 ] && echo /dev/shm)
ifneq ($(MEMORY),)
test test-all: export TMPDIR ?= $(MEMORY)
endif

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' Makefile | expand -t 20

demo: ## the main job, from import to an exported and verified ledger
	$(IN_CORE) "$$env/bin/effmon" demo

test: ## lint, the tests that need only Python, size of the core
	$(IN_TEST) sh tools/lint.sh "$$env/bin/python"; \
	"$$env/bin/python" -m pytest -q -n 2 --dist worksteal -m "not full and not soak"; \
	"$$env/bin/python" tools/core_size.py

test-all: ## the tests that need more: extras, builds, other programs
	$(IN_FULL) sh tools/programs.sh; \
	"$$env/bin/python" -m pytest -q -n 2 --dist worksteal -m "full and not soak"

soak: ## hours of faults, kills and dice: once for a release (docs/reliability.md)
	$(IN_FULL) sh tools/programs.sh; "$$env/bin/python" tools/reliability.py

lint: ## format, lint, types, import contracts
	$(IN_TEST) sh tools/lint.sh "$$env/bin/python"

bench: ## measured ratios against other ways to do it
	$(IN_BENCH) "$$env/bin/python" -m benchmarks

validate: ## hold the engine against other people's verdicts: docs/validation.md (VALIDATION_DATA=folder)
	$(IN_CORE) VALIDATION_DATA="$(VALIDATION_DATA)" "$$env/bin/python" -m validation

pictures: ## draw the pictures of the documentation again
	$(IN_CORE) "$$env/bin/python" tools/make_pictures.py

generated: ## write the files that are made from code: messages, schemas under rules/, docs/cli.md
	$(IN_TEST) "$$env/bin/python" tools/messages.py; \
	"$$env/bin/python" tools/make_schema.py; \
	"$$env/bin/python" tools/make_cli_reference.py

audit: ## look every locked package up in advisories (ADVISORIES=folder|zip|address)
	$(IN_FULL) "$$env/bin/python" tools/audit.py "$${ADVISORIES:-online}"

sbom: ## what an installation brings, with licences, as CycloneDX: dist/sbom
	$(IN_TEST) "$$env/bin/python" tools/sbom.py dist/sbom

lock: ## resolve the dependencies again (needs uv)
	@sh tools/lock.sh

wheel: ## build dist/efficiency_monitor-*.whl, the same bytes from the same sources
	$(IN_CORE) "$$env/bin/python" tools/build_wheel.py dist

wheelhouse: ## collect the wheels of this Python for a machine without a network
	$(IN_CORE) rm -rf wheelhouse; "$$env/bin/python" -I -m pip download --quiet --require-hashes \
	--only-binary :all: --dest wheelhouse -r requirements/test.txt -r requirements/build.txt

bundle: ## the folder for a machine without a network: bundle (EXTRAS="fast parquet postgres")
	$(IN_TEST) rm -rf bundle; "$$env/bin/python" tools/bundle.py bundle $(EXTRAS)

sizes: ## disk that the core and each extra take
	$(IN_FULL) "$$env/bin/python" tools/core_size.py core fast parquet postgres

clean: ## remove environments, caches and builds
	rm -rf .env build dist bundle wheelhouse *.egg-info .hypothesis .pytest_cache .mypy_cache .ruff_cache \
	  .import_linter_cache
	find . -name __pycache__ -type d -not -path './.*' -prune -exec rm -rf {} +
