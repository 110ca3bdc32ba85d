# make run      set everything up, work on the demonstration cases, open the demonstration department (CASE=<DICOM folder> for your own)
# make test     set everything up, then run every check (./check)
# make docs     build the documentation into site/
# Settings: VENV=.venv  PYTHON=python3  OUT=out/demo  CASE=  SERVE=yes|no  ARGS="--source I125_6711" (see trocar demo --help)

.DELETE_ON_ERROR:
.PHONY: run test docs serve-docs requirements clean help

VENV ?= .venv
SERVE ?= $(if $(CASE),no,yes)
OUT ?= out/$(if $(CASE),$(notdir $(patsubst %/,%,$(CASE))),demo)
SUITABLE = import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(firstword $(foreach each,python3 python3.14 python3.13 python3.12 python3.11,$(shell $(each) -c '$(SUITABLE)' 2>/dev/null && echo $(each))))

PIP = "$(VENV)/bin/python" -m pip --disable-pip-version-check --quiet install
# uv is several times faster, but knows nothing of the mirror a hospital's pip may be set to; then pip does the work.
UV = UV_HTTP_TIMEOUT=15 UV_HTTP_RETRIES=1 "$(VENV)/bin/uv" pip install --quiet --system-certs --python "$(VENV)/bin/python"
INSTALL = pinned() { $(UV) --require-hashes $$@ || { echo "pip takes over"; $(PIP) --require-hashes $$@; }; }; pinned

run: $(VENV)/.ready-to-run
	$(VENV)/bin/trocar demo --out "$(OUT)" $(if $(CASE),--case "$(CASE)") $(ARGS)
ifeq ($(SERVE),yes)
	TROCAR_DATA="$${TROCAR_DATA:-$(CURDIR)/out/department}" $(VENV)/bin/python -m trocar_clinic.config serve --demonstration --cases "$(OUT)"
endif

test: $(VENV)/.ready-to-test
	VENV="$(VENV)" ./check

docs: $(VENV)/.ready-to-test
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict

serve-docs: $(VENV)/.ready-to-test
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs serve

# Universal, hash-pinned, and without any index's address: the same files serve every machine and mirror (decision 0004).
requirements: $(VENV)/.ready-to-test
	tools/compile-requirements "$(VENV)"

clean:
	rm -rf "$(VENV)" out site build dist

help:
	@sed -n 's/^# //p' Makefile | head -4

$(VENV)/.ready-to-run: pyproject.toml requirements/build.txt requirements/runtime.txt
	@test -n "$(PYTHON)" || { echo "Trocar needs Python 3.11 or newer; none was found. Name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "Setting up Python packages in $(VENV) (a minute or two, once)"
	@test -x "$(VENV)/bin/python" || "$(PYTHON)" -m venv "$(VENV)"
	@$(PIP) --require-hashes -r requirements/build.txt
	@$(INSTALL) -r requirements/runtime.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch "$@"

$(VENV)/.ready-to-test: $(VENV)/.ready-to-run requirements/dev.txt requirements/docs.txt
	@echo "Adding the tools of the checks and of the documentation"
	@$(INSTALL) -r requirements/dev.txt -r requirements/docs.txt
	@touch "$@"
