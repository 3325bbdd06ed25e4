"""Voices by name and accepted licenses: the files that speechzip keeps for its user."""
