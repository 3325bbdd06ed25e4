"""The few numbers that matter most, as rows for machines, lines for a terminal and a table for README.md.

    python -m speechzip.eval.report.headline report/results.json README.md

puts the table between the markers of that file.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from speechzip.pipeline import InputError, OutputError, atomic_file

from ..conditions import CLEAN
from ..results.results import Results

BEGIN, END = "<!-- eval: begin (written by `make eval`) -->", "<!-- eval: end -->"
"""Markers in a document; the program writes the lines between them."""
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


def _columns(rows: Sequence[HeadlineRow], judges: Sequence[str]) -> dict[str, str]:
    """Return metric -> heading for what was measured; further judges' word errors stand beside the first one's."""
    columns: dict[str, str] = {}
    for name, heading in COLUMNS.items():
        columns[name] = heading
        if name == "wer":
            columns |= {f"wer:{judge}": f"WER, {judge}" for judge in judges[1:]}
    return {name: heading for name, heading in columns.items() if any(name in row for row in rows)}


def headline_lines(results: Results) -> list[str]:
    """Return the table for a terminal."""
    rows = headline_rows(results)
    names = _columns(rows, results.judges)
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


def readme_table(document: Mapping[str, Any]) -> str:
    """Return the table in Markdown, from the content of ``results.json``."""
    rows: Sequence[HeadlineRow] = document["headline"]
    names = _columns(rows, document["judges"])
    lines = [
        f"| system | {' | '.join(names.values())} |",
        f"|---|{'---:|' * len(names)}",
        *(f"| {row['system']} | {' | '.join(cell(name, row.get(name)) for name in names)} |" for row in rows),
    ]
    corpus, facts = document["corpus"], document["facts"]
    note = (
        f"{rows[0]['items'] if rows else 0} single utterances of {corpus['name']}, clean; 95 % intervals by bootstrap; "
        f"judge {' and '.join(document['judges'])}; {document['failed_items']} of {len(corpus['items'])} recordings "
        "failed in part "
        f"or whole. speechzip {facts['speechzip']}, {facts['date']}, `{facts['command']}`."
    )
    return "\n".join([note, "", *lines])


def update_readme(document: Mapping[str, Any], readme: Path) -> None:
    """Put the table between the markers of a document.

    Raises:
        InputError: the markers are missing, repeated or out of order.
    """
    text = readme.read_text("utf-8")
    before, begin, rest = text.partition(BEGIN)
    inside, end, after = rest.partition(END)
    if not begin or not end or BEGIN in inside or BEGIN in after or END in after:
        raise InputError(f"{readme} lacks the markers, once each and in order: {BEGIN} and {END}; add them")
    with atomic_file(readme, force=True) as file:
        file.write(f"{before}{BEGIN}\n\n{readme_table(document)}\n\n{END}{after}".encode())


def main() -> None:
    """Update a document from the results of an evaluation."""
    results, readme = sys.argv[1:]
    try:
        update_readme(json.loads(Path(results).read_text("utf-8")), Path(readme))
    except (InputError, OutputError, OSError, ValueError) as error:
        sys.exit(f"speechzip: {error}")


if __name__ == "__main__":
    main()
