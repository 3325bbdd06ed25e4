# Types of the parts of soundfile that speechzip uses.
from types import TracebackType
from typing import BinaryIO, Literal, Self

import numpy as np
import numpy.typing as npt

class LibsndfileError(RuntimeError):
    error_string: str

class SoundFile:
    samplerate: int
    channels: int
    frames: int
    format: str
    subtype: str
    def __init__(
        self,
        file: str | BinaryIO | int,
        mode: str = ...,
        samplerate: int | None = ...,
        channels: int | None = ...,
        subtype: str | None = ...,
        *,
        endian: str | None = ...,
        format: str | None = ...,
        compression_level: float | None = ...,
        closefd: bool = ...,
    ) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def read(
        self,
        frames: int = ...,
        dtype: Literal["float32"] = ...,
        always_2d: bool = ...,
        *,
        out: npt.NDArray[np.float32] | None = ...,
    ) -> npt.NDArray[np.float32]: ...
    def write(self, data: npt.NDArray[np.float32]) -> None: ...

def read(file: str, dtype: Literal["float32"], always_2d: bool = ...) -> tuple[npt.NDArray[np.float32], int]: ...
def write(
    file: str | BinaryIO,
    data: npt.NDArray[np.float32],
    samplerate: int,
    subtype: str | None = ...,
    *,
    format: str | None = ...,
    compression_level: float | None = ...,
    bitrate_mode: str | None = ...,
) -> None: ...
