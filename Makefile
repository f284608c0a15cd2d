.PHONY: help up test check bench

help:
	@echo 'make up      start Tracegraph with its own PostgreSQL and Redis; Ctrl-C stops it and keeps the data'
	@echo 'make test    run the gates and the whole test suite'
	@echo 'make check   run the gates only: form, style, types, floors, schema'
	@echo 'make bench   list the benchmarks; scripts/bench NAME runs one'

up:
	@scripts/up

test: check
	@scripts/test

check:
	@scripts/check

bench:
	@scripts/bench
