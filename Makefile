# make run: set up and open the app on a demonstration case. make test: set up and pass the tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test check setup setup-dev browser

run: setup
	$(BIN)/python -m streamlit run app.py

test: setup-dev browser
	$(BIN)/python -m pytest -n auto --dist loadfile

check: setup-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m tests.contract.complexity

setup: $(VENV)/.run
setup-dev: $(VENV)/.dev

$(VENV)/.run: requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

# Debian's Chromium for the browser tests; where it cannot be installed they skip and say so
browser:
	@command -v chromium >/dev/null && command -v chromedriver >/dev/null || \
	{ sudo=; [ "$$(id -u)" = 0 ] || sudo="sudo -n"; \
	  $$sudo apt-get update -qq && $$sudo env DEBIAN_FRONTEND=noninteractive \
	  apt-get install -y -qq chromium chromium-driver fonts-noto-cjk >/dev/null; } || \
	echo "Chromium is not there and could not be installed: the browser tests will be skipped."
