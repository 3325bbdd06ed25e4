"""Mutated bytes for everything that reads bytes from outside: `make fuzz`, and a few of each in the tests."""
