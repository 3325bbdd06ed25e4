"""Engines by name: loading them through entry points, and the list of them."""
