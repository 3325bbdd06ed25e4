"""Every target."""

from __future__ import annotations

from functools import cache

from .carriers import carrier_targets
from .packets import packet_targets
from .payloads import payload_targets
from .recordings import recording_targets
from .speech import speech_targets
from .target import Target


@cache
def targets() -> dict[str, Target]:
    """Return every target by its name."""
    return payload_targets() | packet_targets() | carrier_targets() | recording_targets() | speech_targets()
