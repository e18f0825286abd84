"""Fuzzers: run by hand or at night (`make fuzz`), never by `make test`; findings become tests."""
