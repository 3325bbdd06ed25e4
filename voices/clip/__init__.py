"""Voices that are cloned from a clip."""
