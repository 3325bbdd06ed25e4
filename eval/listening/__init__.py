"""The listening test: one page that plays blind trials to people, and the sum of their answers."""

from .answers import summarize_answers, summary_lines
from .page import write_listening_test

__all__ = ["summarize_answers", "summary_lines", "write_listening_test"]
