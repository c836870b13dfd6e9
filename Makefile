# Two commands: `make up` sets everything up and runs the system, `make test` sets up and passes every test.
.PHONY: up test check bench clean

up:
	@setup/setup.sh run
	@.venv/bin/hotline up

test:
	@setup/setup.sh test
	@setup/test.sh

# The quick part of the tests: style, types, room boundaries and unit tests.
check:
	@setup/setup.sh test
	@setup/test.sh quick

bench:
	@setup/setup.sh test
	@[ -n "$$HOTLINE_ASTERISK" ] || .venv/bin/hotline asterisk fetch --if-missing
	@for part in ivr speech latency draft emergency kb pop; do .venv/bin/python -m bench.$$part --quick || exit 1; done

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache *.egg-info
