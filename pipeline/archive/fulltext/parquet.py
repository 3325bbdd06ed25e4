"""Every utterance of an archive as one Parquet file, for DuckDB, Spark, Elasticsearch and others."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any, BinaryIO

from ...errors import EngineError
from .dates import utc_date
from .index import Index, as_name

BATCH = 50_000
"""Utterances in a row group."""

COLUMNS = "recording source recorded utterance start_s end_s speaker voice_id confidence language text".split()

SELECT = """
    SELECT r.name, r.source, r.recorded, u.number, u.start_s, u.end_s, u.speaker, u.voice_id, u.confidence, u.language,
        u.text
    FROM utterances u JOIN recordings r ON r.id = u.recording ORDER BY r.name, u.number
"""


def write_parquet(index: Index, file: BinaryIO) -> int:
    """Write all utterances of an index into a Parquet file, and return how many there are.

    Raises:
        EngineError: pyarrow is not installed.
        IndexDamaged: the index is damaged.
        OutputError: it cannot be read.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ModuleNotFoundError as error:
        raise EngineError(
            "a catalogue needs pyarrow, which is not installed; run: pip install 'speechzip[archive]'"
        ) from error
    text, number = pyarrow.string(), pyarrow.float64()
    types = [
        text,
        text,
        pyarrow.timestamp("ms", "UTC"),
        pyarrow.int32(),
        number,
        number,
        text,
        text,
        number,
        text,
        text,
    ]
    schema = pyarrow.schema(list(zip(COLUMNS, types, strict=True)))
    count = 0
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for batch in _batches(index):
            columns = [list(column) for column in zip(*batch, strict=True)]
            arrays = [pyarrow.array(column, kind) for column, kind in zip(columns, types, strict=True)]
            writer.write_table(pyarrow.table(arrays, schema=schema))
            count += len(batch)
    return count


def _batches(index: Index) -> Iterator[list[tuple[Any, ...]]]:
    try:
        cursor = index.database.execute(SELECT)
        while rows := cursor.fetchmany(BATCH):
            yield [(_shown(name), source, utc_date(recorded), *rest) for name, source, recorded, *rest in rows]
    except sqlite3.Error as error:
        raise index.fault(error, "read") from error


def _shown(name: bytes) -> str:
    """Return a name as UTF-8; bytes that are not UTF-8 become replacement characters."""
    return as_name(name).encode(errors="surrogateescape").decode(errors="replace")
