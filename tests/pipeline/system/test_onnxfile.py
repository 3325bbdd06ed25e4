from __future__ import annotations

import numpy as np
import pytest
from speechzip.pipeline.system.onnxfile import arrays_of
from speechzip.pipeline.system.onnxgraph import Graph


def test_arrays_come_back_by_name() -> None:
    graph = Graph()
    matrix, bias = np.arange(6, dtype=np.float32).reshape(2, 3), np.array([300, -1])
    value = graph.node("MatMul", graph.input("x", "float32", ["n", 2]), graph.constant(matrix))
    names = [graph.constant(bias), graph.constant(np.array(7, np.int8))]
    graph.output(value, "float32", ["n", 3])
    arrays = arrays_of(graph.model())
    assert [array.shape for array in arrays.values()] == [(2, 3), (2,), ()]
    assert np.array_equal(next(iter(arrays.values())), matrix)
    assert np.array_equal(arrays[names[0]], bias)
    assert arrays[names[1]] == 7


@pytest.mark.parametrize("file", [b"", b"rubbish", bytes(100), b"\xff" * 100, b"\x3a\x7f", b"\x3a\x02\x2a\x00"])
def test_rubbish_holds_no_arrays(file: bytes) -> None:
    with pytest.raises(ValueError, match="another layout"):
        arrays_of(file)
