"""Transcripts as people write them: doubled marks and lost capitals."""

from __future__ import annotations

import re


def tidy(text: str) -> str:
    """Return `text` as people write it: the model doubles a comma or forgets a capital now and then.

    "In short,, it  was. it is.." -> "In short, it was. It is."
    """
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r"([,;:?!])\1+", r"\1", text)
    text = re.sub(r"(?<!\.)\.\.(?!\.)", ".", text)  # but three are an ellipsis
    return re.sub(r"((?<!\.)[.?!] )([a-z])", lambda match: match[1] + match[2].upper(), text)
