"""Dates of recordings, as people write them."""

from __future__ import annotations

from datetime import datetime, timezone

from ...errors import InputError

FIRST_S = datetime(2, 1, 1, tzinfo=timezone.utc).timestamp()
LAST_S = datetime(9999, 1, 1, tzinfo=timezone.utc).timestamp()
"""Python's dates in every time zone, in seconds since 1970."""


def parse_date(text: str) -> float:
    """Return a date or time such as 2024-05-31 or 2024-05-31T12:00, in this machine's time zone, in seconds since 1970.

    Raises:
        InputError: it is not a date.
    """
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise InputError(f"{text!r} is no date; give one such as 2024-05-31 or 2024-05-31T12:00") from error


def shown_date(seconds: float) -> str:
    """Return a date for people; empty if unknown."""
    date = utc_date(seconds)
    return date.astimezone().strftime("%Y-%m-%d") if date else ""


def utc_date(seconds: float) -> datetime | None:
    """Return a date in UTC; None if unknown, or outside of `FIRST_S` to `LAST_S`: a file may have any date."""
    return datetime.fromtimestamp(seconds, timezone.utc) if seconds and FIRST_S <= seconds < LAST_S else None
