"""The tables of README.md, each between its markers: all figures of words, voices and times come from one run.

python -m speechzip.eval.report.readme report/results.json README.md
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from speechzip.pipeline import InputError, OutputError, atomic_file

from .headline import HeadlineRow, cell, columns

RECORDINGS, RIVAL = "original", "opus-6-60ms"
"""Systems that speechzip is compared with at the beginning of README."""
CONVERSATIONS = {
    "dialogues": "dialogues of two readers, two channels",
    "dialogues, mixed": "the same, mixed to one channel",
    "calls, mixed": "telephone calls, mixed to one channel",
    "meeting": "meetings of two to four people",
}
"""Category -> its name in README; others keep theirs."""
NOTHING = "This evaluation had no recordings for this table."


def main_table(document: Mapping[str, Any]) -> str:
    """Return the table of all systems and what was measured in Markdown, from the content of ``results.json``."""
    rows: Sequence[HeadlineRow] = document["headline"]
    names = columns(rows, document["judges"])
    lines = [
        f"| system | {' | '.join(names.values())} |",
        f"|---|{'---:|' * len(names)}",
        *(f"| {row['system']} | {' | '.join(cell(name, row.get(name)) for name in names)} |" for row in rows),
    ]
    corpus, facts = document["corpus"], document["facts"]
    note = (
        f"{rows[0]['items'] if rows else 0} single utterances of {corpus['name']}, clean; 95 % intervals by bootstrap; "
        f"judge {' and '.join(document['judges'])}. Of {len(corpus['items'])} recordings "
        f"{document['failed_items']} failed in part or whole, {document['untranscribed_items']} without a "
        f"transcript. speechzip {facts['speechzip']}, {facts['date']}, `{facts['command']}`."
    )
    return "\n".join([note, "", *lines])


def short_table(document: Mapping[str, Any]) -> str:
    """Return speechzip beside one rival in Markdown, with what the recordings themselves have."""
    rows = {row["system"]: row for row in document["headline"]}
    systems = [rows.get(name) for name in (RECORDINGS, document["main"], RIVAL)]
    if None in systems:
        return NOTHING
    recordings, ours, rival = (row for row in systems if row)
    judges: Sequence[str] = document["judges"]
    labels = {"bitrate_bps": "bitrate of single utterances", "wer": "word error rate of the decoded speech"}
    labels |= {f"wer:{judge}": f"the same, heard by {judge}" for judge in judges[1:]}
    labels["similarity"] = "voice similarity, cosine"
    lines = ["| | speechzip | Opus at 6 kbit/s |", "|---|---:|---:|"]
    for metric, label in labels.items():
        unit = " bit/s" if metric == "bitrate_bps" else ""
        ours_text, rival_text = (cell(metric, row.get(metric), interval=False) + unit for row in (ours, rival))
        reached = "" if unit else f" ({cell(metric, recordings.get(metric), interval=False)} in the recordings)"
        lines.append(f"| {label}{reached} | {ours_text} | {rival_text} |")
    return "\n".join(lines)


def conversations_table(document: Mapping[str, Any]) -> str:
    """Return words, speakers, starts and voices of conversations in Markdown."""
    rows: Sequence[Mapping[str, Any]] = document["conversation_rows"]
    if not rows:
        return NOTHING
    headings = (
        "conversations", "bytes a minute", "WER", "cpWER", "who spoke when", "right number of people",
        "starts within 50 ms", "own voice, others'",
    )  # fmt: skip
    lines = [f"| {' | '.join(headings)} |", f"|---|{'---:|' * (len(headings) - 1)}"]
    for row in rows:
        category: str = row["kind"]
        kind = CONVERSATIONS.get(category, category)
        cells = [
            f"{row['count']} {kind}" if not kind.startswith("the same") else kind,
            f"{row['bytes_per_minute']:.0f}",
            _share(row["wer"]),
            _share(row["cpwer"]),
            f"{_share(row['der'])}, {_share(row['der_collar'])}",
            f"{row['right_count']} of {row['count']}",
            f"{round(row['on_time'] * row['starts'])} of {row['starts']}" if row["starts"] else "",
            ", ".join(f"{value:.2f}" for value in (row["similarity"], row["stranger"]) if value is not None),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _share(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f} %"


TABLES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "eval": main_table,
    "eval-short": short_table,
    "eval-conversations": conversations_table,
}
"""Name in the markers -> what stands between them."""
NEEDED = "eval"
"""A document without this table is the wrong one; the others are written where their markers are."""


def markers(name: str) -> tuple[str, str]:
    """Return what stands before and after a table in a document."""
    return f"<!-- {name}: begin (written by `make eval`) -->", f"<!-- {name}: end -->"


def update_readme(document: Mapping[str, Any], readme: Path) -> None:
    """Put each table between its markers in a document.

    Raises:
        InputError: markers are missing, repeated or out of order.
    """
    old = readme.read_text("utf-8")
    text = old
    for name, table in TABLES.items():
        begin, end = markers(name)
        if name != NEEDED and begin not in text and end not in text:
            continue
        before, found, rest = text.partition(begin)
        inside, closed, after = rest.partition(end)
        if not found or not closed or begin in inside or begin in after or end in before or end in after:
            raise InputError(f"{readme} lacks the markers, once each and in order: {begin} and {end}; add them")
        text = f"{before}{begin}\n\n{table(document)}\n\n{end}{after}"
    with atomic_file(readme, force=True) as file:
        file.write(text.encode())


def main() -> None:
    """Update a document from the results of an evaluation."""
    results, readme = sys.argv[1:]
    try:
        update_readme(json.loads(Path(results).read_text("utf-8")), Path(readme))
    except (InputError, OutputError, OSError, ValueError) as error:
        sys.exit(f"speechzip: {error}")


if __name__ == "__main__":
    main()
