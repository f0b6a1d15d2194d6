# make demo | test | lint | gates | bench | capacity | fuzz | campaign | interop | interop-deps | kerberos-deps | pins
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
WORKERS ?= 2

INTEROP := current pypsrp08 awinrm

.PHONY: demo test lint gates bench capacity fuzz campaign interop interop-deps kerberos-deps pins clean

$(STAMP): requirements/runtime.txt requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements/runtime.txt -r requirements/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(STAMP)
	$(BIN)/avma demo

# All tests but those whose figures `make gates` prints; together they are all there is.
test: $(STAMP)
	$(BIN)/pytest -n $(WORKERS) -m "not gate" --durations 10

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

gates: $(STAMP)
	$(BIN)/python -m tests.gates

# 100,000 damaged requests at the simulated lab and as many at its parts; `make gates` sends 5,000 each. Ten minutes of
# coverage-guided damage at the readers of foreign text; `make gates` takes one.
FUZZ ?= 100000
SECONDS ?= 600
fuzz: $(STAMP)
	FUZZ_REQUESTS=$(FUZZ) $(BIN)/pytest -q tests/sim/test_sim_fuzz.py tests/sim/test_sim_protocol_fuzz.py --timeout 3600
	FUZZ_SECONDS=$(SECONDS) $(BIN)/pytest -q tests/fuzz --timeout 7200

# What one process of the simulated lab carries: 1,000 hosts with 20 guests each, 400 long polls, requests a CPU second.
# The table goes to the terminal and into docs/simulated-lab.md.
capacity: $(STAMP)
	$(BIN)/python -m benchmarks.capacity --write docs/simulated-lab.md

# Full facts against the protocol's floor, pypsrp and Ansible; the tables go to the terminal and into docs/performance.md.
bench: $(STAMP) $(VENV)-bench/.installed
	$(BIN)/python -m benchmarks --peers $(VENV)-bench --write docs/performance.md

$(VENV)-bench/.installed: requirements/bench.txt
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# Onboardings that are killed or struck by faults, by seed; the table goes to the terminal and into docs/reliability.md.
# Rolling upgrades over generated fabrics, every prediction against the simulated world: docs/upgrade-validation.md.
SEEDS ?= 1000
# Verdicts on generated worlds with random variants, histories and faults, against the lab's own state: docs/verdicts.md.
FABRICS ?= 500
GUESTS ?= 10000
campaign: $(STAMP)
	$(BIN)/python tests/campaign/campaign.py --seeds $(SEEDS) --jobs $(WORKERS) --write docs/reliability.md
	$(BIN)/python tests/upgrade/upgrade_campaign.py --seeds $(FABRICS) --jobs $(WORKERS) --write docs/upgrade-validation.md
	$(BIN)/python tests/verdicts/verdict_campaign.py --guests $(GUESTS) --jobs $(WORKERS) --write docs/verdicts.md

# Debian packages and bindings for the Kerberos tests: an MIT KDC and the headers that gssapi and krb5 compile against.
kerberos-deps: $(STAMP)
	apt-get update -qq
	echo "krb5-config krb5-config/default_realm string AVMA.TEST" | debconf-set-selections
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends krb5-kdc krb5-admin-server krb5-user libkrb5-dev gcc python3-dev
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements/kerberos.txt

# Let clients that others wrote drive the simulated lab; the list goes to the terminal and into docs/interop.md.
interop: $(STAMP)
	$(BIN)/python -m tests.interop --write docs/interop.md

# What `make interop` drives, each in an environment of its own: Python, npm, and Go from Debian's packages.
interop-deps: kerberos-deps
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends golang-go golang-github-masterzen-winrm-dev
	command -v npm > /dev/null || DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs npm
	$(MAKE) $(INTEROP:%=$(VENV)-interop-%/.installed) $(VENV)-interop-npm/.installed $(VENV)-interop-go/masterzen

$(VENV)-interop-npm/.installed: requirements/interop-npm/package.json requirements/interop-npm/package-lock.json
	mkdir -p $(@D)
	cp requirements/interop-npm/package.json requirements/interop-npm/package-lock.json $(@D)
	cd $(@D) && npm ci --silent --ignore-scripts --no-audit --no-fund
	@touch $@

$(VENV)-interop-go/masterzen: tests/interop/drivers/masterzen.go
	mkdir -p $(@D)
	GO111MODULE=off GOFLAGS= GOPATH=/usr/share/gocode GOCACHE=$(CURDIR)/$(@D)/cache go build -o $@ $<

$(VENV)-interop-%/.installed: requirements/interop-%.txt
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# Renew the pinned lists. No registry address is written into them.
pins:
	$(PYTHON) -m venv $(VENV)-pins
	$(VENV)-pins/bin/pip install --quiet uv
	$(VENV)-pins/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --universal --upgrade pyproject.toml -o requirements/runtime.txt
	$(VENV)-pins/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --universal --upgrade -c requirements/runtime.txt requirements/dev.in -o requirements/dev.txt
	$(VENV)-pins/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --universal --upgrade -c requirements/runtime.txt requirements/kerberos.in -o requirements/kerberos.txt
	$(VENV)-pins/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --universal --upgrade -c requirements/runtime.txt requirements/bench.in -o requirements/bench.txt
	for name in $(INTEROP); do $(VENV)-pins/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --universal --upgrade requirements/interop-$$name.in -o requirements/interop-$$name.txt || exit 1; done
	cd requirements/interop-npm && npm install --silent --package-lock-only --omit-lockfile-registry-resolved --ignore-scripts --no-audit --no-fund winrm-client@latest --save-exact

clean:
	rm -rf $(VENV) $(VENV)-pins $(VENV)-bench $(VENV)-interop-*
