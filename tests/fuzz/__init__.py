"""Mutated bytes for all code that reads bytes from outside: `make fuzz`, and a few mutants in the tests."""
