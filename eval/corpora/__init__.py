"""Recordings with transcripts, in the published layouts of the field."""

from .layouts import LAYOUTS, WHEELS, read_corpus
from .manifest import NONSPEECH

__all__ = ["LAYOUTS", "NONSPEECH", "WHEELS", "read_corpus"]
