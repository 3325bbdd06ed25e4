"""Corrections of transcripts: doubled marks and missing capitals."""

from __future__ import annotations

import re


def tidy(text: str) -> str:
    """Return `text` with corrected marks and capitals: the model sometimes doubles a comma or omits a capital.

    "In short,, it  was. it is.." -> "In short, it was. It is."
    """
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r"([,;:?!])\1+", r"\1", text)
    text = re.sub(r"(?<!\.)\.\.(?!\.)", ".", text)  # but three are an ellipsis
    return re.sub(r"((?<!\.)[.?!] )([a-z])", lambda match: match[1] + match[2].upper(), text)
