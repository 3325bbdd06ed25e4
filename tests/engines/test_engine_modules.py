from __future__ import annotations

import doctest
import subprocess
import sys

from speechzip.pipeline.recognizers import whisper as openai_whisper


def test_examples_in_docstrings() -> None:
    assert doctest.testmod(openai_whisper).failed == 0


def test_bare_names_are_never_imported() -> None:
    code = """
import sys, speechzip.pipeline.recognizers.whisper
import speechzip.voices.clip.pocket, speechzip.voices.clip.xtts, speechzip.voices.hibari
print([name for name in sys.modules if name.split(".")[0] in ("pipeline", "voices", "eval")])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
