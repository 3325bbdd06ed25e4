"""How measured quantities are scaled to about [-1, 1] for the networks, in training and after."""

from __future__ import annotations

ENVELOPE_CENTRE_DB, ENVELOPE_SCALE_DB = -55.0, 20.0
PITCH_CENTRE, PITCH_SCALE = 5.05, 0.4
"""Natural logarithm of 156 Hz, between men and women; 0.4 is half an octave."""
SPREAD_CENTRE, SPREAD_SCALE = 0.2, 0.12
PACE_CENTRE, PACE_SCALE = 13.0, 4.0
"""Phones a second while speaking."""


def scale_pitch(log_hz: float) -> float:
    """Return a scaled natural logarithm of Hz."""
    return (log_hz - PITCH_CENTRE) / PITCH_SCALE


def scale_spread(deviation: float) -> float:
    """Return a scaled standard deviation of the natural logarithm of pitch."""
    return (deviation - SPREAD_CENTRE) / SPREAD_SCALE


def scale_pace(phones_per_s: float) -> float:
    """Return a scaled pace."""
    return (phones_per_s - PACE_CENTRE) / PACE_SCALE
