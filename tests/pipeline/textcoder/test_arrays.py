"""NumPy's archives are read as NumPy reads them, without a copy; a damaged one is told."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

import numpy as np
import pytest
from fakes import GOLDEN
from numpy.typing import NDArray
from speechzip.pipeline.textcoder.arrays import read_arrays, write_arrays

ARRAYS: dict[str, NDArray[np.generic]] = {
    "bytes": np.arange(256, dtype=np.uint8),
    "columns_first": np.asfortranarray(np.arange(24, dtype=np.int16).reshape(4, 6)),
    "empty": np.zeros((0, 3), np.int8),
    "number": np.array(2.5),
}


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_reads_what_numpy_wrote(tmp_path: Path, save: Callable[..., None]) -> None:
    path = tmp_path / "arrays.npz"
    save(path, **ARRAYS)
    found = read_arrays(path)
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array, strict=True)
    assert list(read_arrays(path, lambda name: name.startswith("e"))) == ["empty"]


def test_writes_the_same_bytes_each_time_and_compresses_what_becomes_smaller(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, 5000, np.uint8)
    arrays = {**ARRAYS, "noise": noise, "zeros": np.zeros(5000, np.uint8)}
    paths = tmp_path / "first.npz", tmp_path / "second.npz"
    for path in paths:
        write_arrays(path, arrays)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    with ZipFile(paths[0]) as archive:
        packed = {member.filename for member in archive.infolist() if member.compress_type == ZIP_DEFLATED}
        assert {"zeros.npy", "noise.npy"} & packed == {"zeros.npy"}
    for found in (read_arrays(paths[0]), np.load(paths[0])):
        for name, array in arrays.items():
            np.testing.assert_array_equal(found[name], array, strict=True)


def test_does_not_copy_what_is_stored_plainly(tmp_path: Path) -> None:
    path = tmp_path / "arrays.npz"
    np.savez(path, **ARRAYS)  # type: ignore[arg-type]
    assert not read_arrays(path)["bytes"].flags.owndata


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_damage_is_told(tmp_path: Path, save: Callable[..., None]) -> None:
    path = tmp_path / "arrays.npz"
    save(path, noise=np.random.default_rng(0).integers(0, 256, 5000, np.uint8))
    content = bytearray(path.read_bytes())
    content[3000] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadZipFile):
        read_arrays(path)


def test_python_objects_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "arrays.npz"
    np.savez(path, pickled=np.array([{}], object))
    with pytest.raises(ValueError, match="OBJECT"):
        read_arrays(path)


@pytest.mark.processes
def test_a_payload_is_read_by_an_optimizing_python() -> None:
    payload = (GOLDEN / "two-channels.hex").read_text("ascii").strip()
    script = (
        "import sys; from speechzip.pipeline import read_payload; print(read_payload(bytes.fromhex(sys.argv[1])).size)"
    )
    done = subprocess.run([sys.executable, "-O", "-c", script, payload], capture_output=True, text=True, check=False)
    assert done.stdout == f"{len(payload) // 2}\n", done.stderr
