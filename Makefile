# make demo | test | lint | gates | bench | interop | kerberos-deps | pins
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
WORKERS ?= 2

.PHONY: demo test lint gates bench kerberos-deps pins clean

$(STAMP): requirements/runtime.txt requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements/runtime.txt -r requirements/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(STAMP)
	$(BIN)/avma demo

test: $(STAMP)
	$(BIN)/pytest -n $(WORKERS)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

gates: $(STAMP)
	$(BIN)/python -m tests.gates

bench: $(STAMP)
	$(BIN)/python -m benchmarks

# Debian packages and bindings for the Kerberos tests: an MIT KDC and the headers that gssapi and krb5 compile against.
kerberos-deps: $(STAMP)
	apt-get update -qq
	echo "krb5-config krb5-config/default_realm string AVMA.TEST" | debconf-set-selections
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends krb5-kdc krb5-admin-server krb5-user libkrb5-dev gcc python3-dev
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements/kerberos.txt

# Renew the pinned lists. No registry address is written into them.
pins:
	$(PYTHON) -m venv $(VENV)-pins
	$(VENV)-pins/bin/pip install --quiet uv
	$(VENV)-pins/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --universal --upgrade pyproject.toml -o requirements/runtime.txt
	$(VENV)-pins/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --universal --upgrade -c requirements/runtime.txt requirements/dev.in -o requirements/dev.txt
	$(VENV)-pins/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --universal --upgrade -c requirements/runtime.txt requirements/kerberos.in -o requirements/kerberos.txt

clean:
	rm -rf $(VENV) $(VENV)-pins
