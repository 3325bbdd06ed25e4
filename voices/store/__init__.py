"""Voices kept by name, and what else speechzip keeps for its user."""
