# Types of the parts of onnxruntime that speechzip uses.
from collections.abc import Mapping, Sequence
from typing import Any

import numpy.typing as npt

class SessionOptions:
    log_severity_level: int
    intra_op_num_threads: int
    inter_op_num_threads: int
    enable_cpu_mem_arena: bool
    enable_mem_pattern: bool
    def add_session_config_entry(self, key: str, value: str) -> None: ...

class InferenceSession:
    def __init__(
        self,
        path_or_bytes: str | bytes,
        sess_options: SessionOptions,
        providers: Sequence[str],
        *,
        enable_fallback: int = 1,
    ) -> None: ...
    def run(
        self, names: Sequence[str] | None, inputs: Mapping[str, npt.NDArray[Any]]
    ) -> list[npt.NDArray[Any]]: ...
    def io_binding(self) -> IOBinding: ...
    def run_with_iobinding(self, iobinding: IOBinding) -> None: ...
    def get_inputs(self) -> list[NodeArg]: ...
    def get_outputs(self) -> list[NodeArg]: ...
    def get_session_options(self) -> SessionOptions: ...
    def get_providers(self) -> list[str]: ...

class NodeArg:
    @property
    def name(self) -> str: ...

class IOBinding:
    def bind_input(
        self, name: str, device_type: str, device_id: int, element_type: type, shape: Sequence[int], buffer_ptr: int
    ) -> None: ...
    def bind_output(
        self, name: str, device_type: str, device_id: int, element_type: type, shape: Sequence[int], buffer_ptr: int
    ) -> None: ...
