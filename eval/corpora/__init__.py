"""Recordings with transcripts, in the layouts that the field publishes them in."""

from .layouts import LAYOUTS, WHEELS, read_corpus
from .manifest import NONSPEECH

__all__ = ["LAYOUTS", "NONSPEECH", "WHEELS", "read_corpus"]
