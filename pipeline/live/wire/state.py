"""The state of the link, as an end reports it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Phase = Literal["waiting", "connecting", "connected", "reconnecting", "closed"]


@dataclass(frozen=True, slots=True)
class LinkState:
    """The connection has changed."""

    phase: Phase
    detail: str = ""
    """Why, for the user."""
    queued: int = 0
    """Utterances that wait for the link."""
    has_left: bool = False
    """Whether the peer has said goodbye. A peer whose link is lost may come back."""
