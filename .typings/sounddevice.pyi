from collections.abc import Callable
from typing import Any

class PortAudioError(Exception): ...

class InputStream:
    samplerate: float
    active: bool
    def __init__(
        self,
        *,
        channels: int = ...,
        dtype: str = ...,
        latency: str = ...,
        callback: Callable[[Any, int, Any, Any], None] | None = ...,
        finished_callback: Callable[[], None] | None = ...,
    ) -> None: ...
    def start(self) -> None: ...
    def close(self) -> None: ...

class OutputStream(InputStream): ...
