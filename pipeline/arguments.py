"""Checks on the arguments of callers, who may give any value to a parameter whose type names a few."""

from __future__ import annotations

import math
from numbers import Integral
from typing import get_args

from .errors import InputError


def check_choice(name: str, value: object, literal: object) -> None:
    """Check that an argument is one of the values of a `Literal` type.

    Raises:
        InputError: it is none of them; the message names them.

    Example:
        >>> from typing import Literal
        >>> check_choice("unread", "Drop", Literal["drop", "mark"])
        Traceback (most recent call last):
        speechzip.pipeline.errors.InputError: unread is 'drop' or 'mark', not 'Drop'
    """
    *others, last = get_args(literal)
    if not any(type(value) is type(choice) and value == choice for choice in (*others, last)):
        raise InputError(f"{name} is {', '.join(map(repr, others))} or {last!r}, not {value!r}")


def check_integer(name: str, value: object, least: int, most: int | None = None) -> None:
    """Check that an argument is an integer in a range; `most` is None for a range without an end.

    Raises:
        InputError: it is not.
    """
    end = math.inf if most is None else most
    if isinstance(value, bool) or not isinstance(value, Integral) or not least <= int(value) <= end:
        limits = f"{least} or more" if most is None else f"{least} to {most}"
        raise InputError(f"{name} is an integer, {limits}, not {value!r}")


def check_strings(name: str, value: object) -> None:
    """Check that an argument is a list or tuple of strings, and not a single string.

    Raises:
        InputError: it is not.
    """
    if not isinstance(value, (list, tuple)) or not all(isinstance(each, str) for each in value):  # pyright: ignore[reportUnknownVariableType]
        example = [value] if isinstance(value, str) else ["Anna"]
        raise InputError(f"{name} is a list of names, such as {example}, not {value!r}")
