"""Corrections of transcripts: doubled marks, missing capitals, spelled letters."""

from __future__ import annotations

import re

SPELLED = re.compile(r"(?<![\w'-])[A-Za-z\d](?:-[A-Za-z\d]){2,}(?![\w-])")
"""Letters and digits said one by one, as the models write them."""


def tidy(text: str) -> str:
    """Return `text` with corrected marks and capitals: the model sometimes doubles a comma or omits a capital.

    "In short,, it  was. it is.." -> "In short, it was. It is."
    "My name is K-i-n-g." -> "My name is K-I-N-G."
    """
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r"([,;:?!])\1+", r"\1", text)
    text = re.sub(r"(?<!\.)\.\.(?!\.)", ".", text)  # but three are an ellipsis
    text = SPELLED.sub(lambda match: match[0].upper(), text)
    return re.sub(r"((?<!\.)[.?!] )([a-z])", lambda match: match[1] + match[2].upper(), text)
