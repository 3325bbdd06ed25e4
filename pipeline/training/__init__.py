"""Recipes of the payload's tables: `python -m speechzip.pipeline.training`."""
