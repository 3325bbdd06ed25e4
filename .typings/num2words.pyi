# What speechzip uses of num2words, typed.
from typing import Literal

def num2words(number: int, ordinal: bool = ..., lang: str = ..., to: Literal["cardinal", "ordinal", "year"] = ...) -> str: ...
