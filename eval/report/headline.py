"""The few numbers that matter most, as rows for machines and lines for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..conditions import CLEAN
from ..results.results import Results

COLUMNS = {
    "bitrate_bps": "bit/s",
    "wer": "WER",
    "text_wer": "WER of the words sent",
    "similarity": "voice similarity",
    "identified": "identified",
    "dnsmos_overall": "DNSMOS",
}
"""Metric -> heading."""
PERCENT = (
    "wer",
    "text_wer",
    "cer",
    "substitutions",
    "deletions",
    "insertions",
    "numbers",
    "names",
    "identified",
    "on_time",
    "invented",
)
"""Metrics that are shown as percentages; a judge's name may follow behind a colon."""

HeadlineRow = dict[str, Any]
"""``system``, ``items``, ``failed``, and each metric as ``{"value", "low", "high", "count"}``."""


def headline_rows(results: Results) -> list[HeadlineRow]:
    """Return one row for each system: clean single utterances."""
    rows: list[HeadlineRow] = []
    for system in results.systems:
        row = results.row(system, CLEAN)
        if row is not None:
            metrics = {name: estimate.as_dict() for name, estimate in row.metrics.items()}
            rows.append({"system": system, "items": row.items, "failed": row.failed, **metrics})
    return rows


def columns(rows: Sequence[HeadlineRow], judges: Sequence[str]) -> dict[str, str]:
    """Return metric -> heading for what was measured; further judges' word errors stand beside the first one's."""
    headings: dict[str, str] = {}
    for name, heading in COLUMNS.items():
        headings[name] = heading
        if name == "wer":
            headings |= {f"wer:{judge}": f"WER, {judge}" for judge in judges[1:]}
    return {name: heading for name, heading in headings.items() if any(name in row for row in rows)}


def headline_lines(results: Results) -> list[str]:
    """Return the table for a terminal."""
    rows = headline_rows(results)
    names = columns(rows, results.judges)
    table = [["system", *names.values()]]
    table += [[str(row["system"]), *(cell(name, row.get(name), interval=False) for name in names)] for row in rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(
            [cells[0].ljust(widths[0]), *(text.rjust(width) for text, width in zip(cells[1:], widths[1:], strict=True))]
        )
        for cells in table
    ]


def cell(metric: str, estimate: Mapping[str, float] | None, *, interval: bool = True) -> str:
    """Return a number as tables show it, with its 95 % interval."""
    if estimate is None:
        return ""
    texts = [number(metric, estimate[key]) for key in ("value", "low", "high")]
    unit = " %" if metric.partition(":")[0] in PERCENT else ""
    return f"{texts[0]}{unit} ({texts[1]}–{texts[2]})" if interval else f"{texts[0]}{unit}"


def number(metric: str, value: float) -> str:
    """Return a value with the digits that suit its metric."""
    if metric.partition(":")[0] in PERCENT:
        return f"{100 * value:.1f}"
    if metric == "candidates":
        return f"{value:.0f}"
    if metric.endswith("_bps"):
        return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
    if metric.endswith("_rtf"):
        return f"{value:.3f}"
    return f"{value:.0f}" if metric.endswith("_ms") else f"{value:.2f}"
