"""The status of this end, for the peer."""

from __future__ import annotations

from ..reports import Notice, Observer
from ..wire.messages import Status
from ..wire.transport import Endpoint


class LocalStatus:
    """The flags of this end. The peer is told of each change, and of all of them after a reconnection."""

    def __init__(self, endpoint: Endpoint, observe: Observer) -> None:
        self._endpoint = endpoint
        self._observe = observe
        self._flags = Status.NOTHING

    def set(self, flag: Status, on: bool) -> None:
        """Turn a flag on or off."""
        flags = self._flags | flag if on else self._flags & ~flag
        if flags != self._flags:
            self._flags = flags
            self._endpoint.set_status(flags)

    def set_missing(self, device: Status, missing: bool, detail: str = "") -> None:
        """Tell the peer and the user that a device of this end is missing, or is back."""
        if missing != bool(self._flags & device):
            self.set(device, missing)
            self._observe(Notice(detail or ("a device is missing" if missing else "the sound device is back")))
