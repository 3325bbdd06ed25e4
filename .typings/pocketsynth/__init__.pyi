# Types of the parts of pocketsynth that speechzip uses.
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

class BundleMetadata:
    @property
    def frame_duration(self) -> float: ...

class GenerationConfig:
    def __init__(self, *, max_frames: int | None = None) -> None: ...

class PreparedVoice: ...

class RequestMeasure:
    amount: int
    fits: bool | None

class SynthesisRequest:
    def __init__(self, *, id: str, text: str) -> None: ...

class SynthesisResult:
    audio: npt.NDArray[np.float32]

class PocketRuntime:
    metadata: BundleMetadata
    @classmethod
    def load(cls, directory: str | Path, *, precision: str = ..., providers: Sequence[str] | None = ...) -> PocketRuntime: ...
    @property
    def sample_rate(self) -> int: ...
    @property
    def bundle_language(self) -> str: ...
    def measure_request(self, request: SynthesisRequest) -> RequestMeasure: ...
    def prepare_voice(self, source: tuple[npt.NDArray[np.float32], int]) -> PreparedVoice: ...
    def synthesize(
        self, request: SynthesisRequest, *, voice: PreparedVoice, config: GenerationConfig
    ) -> SynthesisResult: ...
