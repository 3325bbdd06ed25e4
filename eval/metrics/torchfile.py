"""Weights from a file in PyTorch's older format, without PyTorch, and without trust in the file.

Five pickles follow each other: a magic number, the protocol's version, facts about the machine,
the state with a reference for each tensor's storage, and the names of the storages. Then come the
storages in that order: the number of elements (8 bytes), then float32, all little-endian. Of the
names that a pickle may request, only the three for tensors are resolved; any other is an error.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import numpy as np
import numpy.typing as npt
from speechzip.pipeline import EngineError

MAGIC = 0x1950A86A20F9469CFC6C
"""First number of such a file."""

Weights = Mapping[str, npt.NDArray[np.float32]]
"""Name of a tensor -> its values."""


@dataclass(frozen=True, slots=True)
class _Tensor:
    """A view of a storage; its values come later in the file."""

    storage: str
    offset: int
    shape: tuple[int, ...]


def load_weights(path: Path) -> Weights:
    """Return the tensors of the state called ``model_state``.

    Raises:
        EngineError: the file cannot be read, or has another format.
    """
    try:
        with open(path, "rb") as file:
            if _Unpickler(file).load() != MAGIC:
                raise EngineError(f"{path} is not a weights file of PyTorch's older format; install it again")
            _version, _machine = _Unpickler(file).load(), _Unpickler(file).load()
            state: dict[str, _Tensor] = _Unpickler(file).load()["model_state"]
            names: list[str] = _Unpickler(file).load()
            storages = {name: _read_storage(file) for name in names}
    except (OSError, EOFError, pickle.UnpicklingError, KeyError, TypeError, ValueError) as error:
        raise EngineError(f"{path} cannot be read ({error}); install it again") from error
    return {
        name: storages[tensor.storage][tensor.offset : tensor.offset + int(np.prod(tensor.shape))].reshape(tensor.shape)
        for name, tensor in state.items()
    }


def _read_storage(file: BinaryIO) -> npt.NDArray[np.float32]:
    count = int.from_bytes(file.read(8), "little")
    values = np.frombuffer(file.read(4 * count), "<f4").astype(np.float32)
    if len(values) != count:
        raise EOFError("it is cut short")
    return values


def _rebuild_tensor(storage: str, offset: int, shape: tuple[int, ...], *_: object) -> _Tensor:
    return _Tensor(storage, offset, shape)


class _Unpickler(pickle.Unpickler):
    """An unpickler for tensors only."""

    names: ClassVar[dict[tuple[str, str], Any]] = {
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
        ("torch", "FloatStorage"): None,
    }

    def find_class(self, module: str, name: str) -> Any:
        """Answer the names of `names` only."""
        if (module, name) not in self.names:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return self.names[module, name]

    def persistent_load(self, pid: tuple[Any, ...]) -> str:
        """Return the name of a storage: ``("storage", kind, name, device, count, part of another)``."""
        return str(pid[2])
