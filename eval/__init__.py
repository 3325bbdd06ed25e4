"""How good it is: words, bytes and time, measured."""

from .words import WordErrors, normalize, word_errors

__all__ = ["WordErrors", "normalize", "word_errors"]
