"""Read NumPy's archives of arrays without copying them, and write them so that they are read quickly.

Reading the shipped coder is a part of each run of the command line that one notices. `numpy.load`, which reads an
archive in small pieces, takes 1.4 times the processor time, and two threads share ours.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo
from zlib import MAX_WBITS, compress, crc32, decompress
from zlib import error as ZlibError

import numpy as np
from numpy.typing import NDArray

_HEADER_BYTES = 30
"""A file of a ZIP archive begins with a header of this length. Its last four bytes have the lengths of a name and of
extra fields (2 bytes each, little-endian), which follow."""
_ARRAY_HEADER_BYTES = 1024  # NumPy writes 128 for arrays of few dimensions
THREADS = 2
"""Threads that unpack arrays: the largest one of the shipped coder is half of the work."""

WORTH_UNPACKING = 0.85
"""An array is compressed if that takes it to this share of its size at most. It unpacks at 200 MB a second."""


def write_arrays(path: Path, arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Write an archive that `numpy.load` and `read_arrays` read: those arrays compressed that become much smaller."""
    with ZipFile(path, "w") as archive:
        for name, values in arrays.items():
            file = BytesIO()
            np.lib.format.write_array(file, np.asarray(values), allow_pickle=False)
            content = file.getbuffer()
            smaller = len(compress(content, 9)) <= WORTH_UNPACKING * len(content)
            member = ZipInfo(f"{name}.npy")  # of 1980: the same arrays are the same bytes
            archive.writestr(member, content, ZIP_DEFLATED if smaller else ZIP_STORED, 9)


def read_arrays(path: Path, wanted: Callable[[str], bool] | None = None) -> dict[str, NDArray[np.generic]]:
    """Return the arrays of an archive that are wanted, by name; they may be read-only.

    Args:
        path: of a file that `write_arrays`, `numpy.savez` or `numpy.savez_compressed` wrote.
        wanted: tells by its name whether an array is read; by default, all are.

    Raises:
        BadZipFile: the file is damaged.
    """
    with path.open("rb") as file, ZipFile(file) as archive:
        content = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        names = {member.filename.removesuffix(".npy"): member for member in archive.infolist()}
    members = [member for name, member in names.items() if wanted is None or wanted(name)]
    with ThreadPoolExecutor(THREADS) as threads:  # zlib lets other threads run
        found = list(threads.map(partial(_content, content), members))
    return {member.filename.removesuffix(".npy"): _array(file) for member, file in zip(members, found, strict=True)}


def _content(archive: memoryview, member: ZipInfo) -> memoryview:
    """Return the content of a member, checked against its checksum; `ZipFile` takes 1.4 times as long to unpack it."""
    start = member.header_offset + _HEADER_BYTES
    name, extra = np.frombuffer(archive[start - 4 : start], "<u2").tolist()
    found = archive[start + name + extra :][: member.compress_size]
    if member.compress_type == ZIP_DEFLATED:
        try:
            found = memoryview(decompress(found, -MAX_WBITS, member.file_size))
        except ZlibError as error:
            raise BadZipFile(f"{member.filename} is damaged") from error
    if len(found) != member.file_size or crc32(found) != member.CRC:
        raise BadZipFile(f"{member.filename} is damaged")
    return found


def _array(file: memoryview) -> NDArray[np.generic]:
    header = BytesIO(file[:_ARRAY_HEADER_BYTES])
    if np.lib.format.read_magic(header) != (1, 0):
        raise BadZipFile("an array is of another version of NumPy's format than 1.0")
    shape, columns_first, dtype = np.lib.format.read_array_header_1_0(header)
    values: NDArray[np.generic] = np.frombuffer(file, dtype, offset=header.tell())
    return values.reshape(shape, order="F" if columns_first else "C")
