"""Voices cloned from a clip."""
