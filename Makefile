# seaworthy: `make demo` runs the main job, `make test` passes the tests. Both install what they need.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
CARGO ?= cargo

.PHONY: demo demo-pass test test-deep fuzz fuzz-quick test-surfaces test-distribution test-distribution-quick test-reproducible mutants lint-workflows package docs accuracy noise lint advisories bench setup setup-lint fmt clean

demo:
	$(CARGO) build --profile demo --locked
	./corpus/demo/run fail

demo-pass:
	$(CARGO) build --profile demo --locked
	./corpus/demo/run pass

# Property tests begin at one seed here, so that what is red is red again; `test-deep` tries other seeds.
test: export PROPTEST_RNG_SEED ?= 1
test: setup
	$(CARGO) test --workspace --locked
	@echo "all tests passed"

# Two projects that pass the gate, broken one thing at a time: no broken one may pass. A part of `make test`.
mutants:
	$(CARGO) test --workspace --locked --test program -- --nocapture every_broken_project_is_refused

# The libraries' tests ROUNDS times (20), each with property tests from another seed, which is printed; then `fuzz`.
test-deep:
	$(CARGO) test --workspace --locked --lib --no-run
	for round in $$(seq $${ROUNDS:-20}); do \
	  export PROPTEST_RNG_SEED=$$(od -An -N4 -tu4 /dev/urandom | tr -d ' '); \
	  echo "round $$round: PROPTEST_RNG_SEED=$$PROPTEST_RNG_SEED"; \
	  $(CARGO) test --workspace --locked --lib --quiet; \
	done
	$(MAKE) fuzz

# Every fuzz target for SECONDS_EACH seconds (60). Needs a C++ compiler.
fuzz:
	./tests/fuzz/run.sh

# The same for ten seconds, compiled without optimisation, which is most of its time: `.ci/run` calls this one.
fuzz-quick:
	PROFILE=quick SECONDS_EACH=$${SECONDS_EACH:-10} ./tests/fuzz/run.sh

# The HTML report in a browser: pictures, axe, filters, paper. Apart from `test`, since it installs a browser.
test-surfaces:
	$(CARGO) test --workspace --locked --no-run --test program
	./tests/surfaces/run.sh $${CARGO_TARGET_DIR:-target}/debug/seaworthy

# A release of this machine: wheel, archive, the binary alone, the image, the hook of pre-commit, provenance. Apart from
# `test`, since it compiles with optimisation.
test-distribution: setup
	./tests/distribution/run.sh

# The same without the optimisation, which is most of its time: `.ci/run` calls this one.
test-distribution-quick: setup
	./tests/distribution/run.sh quick

# The same as test-distribution, and compiled once more in another directory: the bytes must be the same.
test-reproducible: setup
	./tests/distribution/run.sh again

# The workflows, the action, the templates, and the workflows of the guides: zizmor and schemas, from PyPI.
lint-workflows:
	./tests/distribution/lint.sh

# The release's archive and wheel for this machine, in dist/. Needs cargo-auditable and maturin.
package:
	./packaging/build.sh "$$(rustc -vV | sed -n 's/^host: //p')" dist

# The documentation as a site, in target/book.
docs:
	@mdbook --version >/dev/null 2>&1 || $(CARGO) install mdbook --locked --version 0.5.4
	mdbook build

# False alarms in well-known packages, fetched from the registries. Set NOISE to the trees to examine.
noise:
	$(CARGO) build --release --locked
	python3 corpus/noise/noise.py $(NOISE)

# Recall and precision of the detectors over corpus/secrets.
accuracy:
	$(CARGO) test --locked --test accuracy -- --nocapture

lint: setup-lint
	$(CARGO) fmt --check
	$(CARGO) clippy --workspace --locked --all-targets -- -D warnings
	$(CARGO) check --locked --no-default-features
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --locked --no-deps --quiet
	$(CARGO) deny --log-level error check bans licenses sources

# Apart from lint, since it fetches the RustSec advisory database from GitHub, which CI may not reach.
advisories: setup-lint
	$(CARGO) deny --log-level error check advisories

bench:
	$(CARGO) bench --locked -p seaworthy -p seaworthy-detect --benches
	./benches/peers/hyperscan.sh
	./benches/peers/kingfisher.sh
	./benches/peers/hadolint.sh

setup:
	./tests/setup.sh

setup-lint:
	@$(CARGO) deny --version >/dev/null 2>&1 || CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 $(CARGO) install cargo-deny --locked --version '^0.20'

clean:
	$(CARGO) clean
