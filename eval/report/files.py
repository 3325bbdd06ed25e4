"""The report's files: report.html, results.json, results.csv, observations.csv."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from speechzip.pipeline import atomic_file

from ..metrics.wer import word_errors
from ..results.conversations import conversation_rows
from ..results.results import Results
from .headline import headline_rows
from .page import render_page

SCHEMA = 1
"""Version of results.json; raised if a field changes its meaning or is removed."""


def write_report(results: Results, folder: Path) -> Path:
    """Write all files to the evaluation's `folder`; return the path of the page.

    Raises:
        OutputError: the folder cannot be written.
    """
    page = folder / "report.html"
    contents = {
        page: render_page(results, folder),
        folder / "results.json": json.dumps(results_json(results), ensure_ascii=False, indent=1),
        folder / "results.csv": _csv(_row_lines(results)),
        folder / "observations.csv": _csv(_observation_lines(results)),
    }
    for path, content in contents.items():
        with atomic_file(path, force=True) as file:
            file.write(content.encode())
    return page


def results_json(results: Results) -> dict[str, Any]:
    """Return the whole report as JSON values, without speaker embeddings."""
    return {
        "schema": SCHEMA,
        "facts": dict(results.facts),
        "corpus": {
            "name": results.corpus.name,
            "layout": results.corpus.layout,
            "items": [item.id for item in results.corpus.items],
        },
        "main": results.main,
        "judges": list(results.judges),
        "engines": dict(results.engines),
        "warnings": list(results.warnings),
        "left_out": dict(results.left_out),
        "failed_items": results.failed_items,
        "untranscribed_items": results.untranscribed_items,
        "failures": [asdict(failure) for failure in results.failures],
        "memory_mib": dict(results.memory_mib),
        "headline": headline_rows(results),
        "conversations": [asdict(one) for one in results.conversations],
        "conversation_rows": [_finite(asdict(row)) for row in conversation_rows(results.conversations)],
        "rows": [asdict(row) for row in results.rows],
        "observations": [_without_embeddings(asdict(one)) for one in results.observations],
    }


def _finite(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row in which what was not measured is null: JSON has no other numbers."""
    return {name: None if value != value else value for name, value in row.items()}


def _without_embeddings(observation: dict[str, Any]) -> dict[str, Any]:
    return {**observation, "turns": [{**turn, "embedding": None} for turn in observation["turns"]]}


def _row_lines(results: Results) -> Iterable[Sequence[object]]:
    yield "system", "family", "condition", "category", "recordings", "failed", "metric", "value", "low", "high", "count"
    for row in results.rows:
        start = (row.system, row.family, row.condition, row.category, row.items, row.failed)
        sections = {f"{name}_bps": estimate for name, estimate in row.sections.items()}
        for name, estimate in {**row.metrics, **sections}.items():
            yield *start, name, estimate.value, estimate.low, estimate.high, estimate.count


def _observation_lines(results: Results) -> Iterable[Sequence[object]]:
    yield (
        "recording", "category", "condition", "system", "failure", "duration_s", "payload_bits", "wire_bits",
        "encode_s", "decode_s", "dnsmos", "words", "errors", "reference", "hypothesis", "text",
    )  # fmt: skip
    for one in results.observations:
        references = [turn.reference or "" for turn in one.turns]
        hypotheses = [turn.hypotheses.get(results.judges[0], "") for turn in one.turns]
        errors = word_errors(references, hypotheses) if any(references) else None
        yield (
            one.item, one.category, one.condition, one.system, one.failure or "", one.duration_s, one.payload_bits,
            one.wire_bits, one.encode_s, one.decode_s, one.naturalness.get("overall", ""),
            errors.reference_words if errors else "", errors.errors if errors else "",
            " | ".join(references), " | ".join(hypotheses), one.text or "",
        )  # fmt: skip


def _csv(lines: Iterable[Sequence[object]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(lines)
    return buffer.getvalue()
