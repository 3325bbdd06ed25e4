"""The report's tables, as text in rows and columns: the templates lay them out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ..conditions import CLEAN, CONDITIONS
from ..results.bootstrap import Estimate
from ..results.conversations import conversation_rows
from ..results.results import Results
from ..results.summary import DRAWN, HEADLINE, ResultRow
from .headline import cell

BITS = {"bitrate_bps": "payload, bit/s", "wire_bps": "on the wire, bit/s"}
WORDS = {
    "wer": "WER",
    "substitutions": "sub\u00adstituted",
    "deletions": "deleted",
    "insertions": "inserted",
    "cer": "CER",
    "text_wer": "WER of the words sent",
    "numbers": "numbers right",
    "names": "names right",
}
SOUND = {
    "similarity": "similarity to the same person",
    "similarity_stranger": "to other people",
    "identified": "nearest to the right one",
    "candidates": "of N people, N",
    "dnsmos_overall": "DNSMOS overall",
    "dnsmos_signal": "speech",
    "dnsmos_background": "background",
    "onset_error_ms": "start off by, ms",
    "on_time": "within 50 ms",
}
TIME = {"encode_rtf": "coding, real time", "decode_rtf": "decoding, real time"}
"""Metric -> heading, for each of the tables."""


@dataclass(frozen=True, slots=True)
class Column:
    """The format of a column."""

    heading: str = ""
    """Its heading."""
    css: str = ""
    """Class of its cells: ``left`` for text in lines, ``name`` for text on one line, empty for numbers."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row of a table."""

    cells: Sequence[str]
    """Text, or `Markup`; one for each column."""
    is_main: bool = False
    """Whether it belongs to the system that the report is about."""


@dataclass(frozen=True, slots=True)
class Table:
    """The content of a table, for a template."""

    columns: Sequence[Column]
    """Columns from left to right."""
    rows: Sequence[TableRow]
    """Rows from top to bottom."""


def words(results: Results) -> Table:
    """Return bits and word errors of each system, also by the second judge if there is one."""
    others = {f"{name}:{judge}": f"{WORDS[name]}, {judge}" for judge in results.judges[1:] for name in ("wer", "cer")}
    return _of_metrics(_clean(results), {**BITS, **WORDS, **others}, results)


def sound(results: Results) -> Table | None:
    """Return voice and naturalness of each system; None if nothing was measured."""
    rows = _clean(results)
    return _of_metrics(rows, SOUND, results) if any(set(SOUND) & set(row.metrics) for row in rows) else None


def sections(results: Results) -> Table | None:
    """Return the main system's bit/s by section of the payload; None if there are none."""
    rows = [row for row in results.rows if row.system == results.main and row.condition == CLEAN and row.sections]
    rows = [row for row in rows if row.category != DRAWN]
    if not rows:
        return None
    names = list(dict.fromkeys(name for row in rows for name in row.sections))
    return Table(
        [Column("part"), *(Column(f"{name}, bit/s") for name in names), Column("all")],
        [
            TableRow(
                [
                    "all single utterances" if row.category == HEADLINE else row.category,
                    *(_number("section_bps", row.sections.get(name)) for name in names),
                    _number("bitrate_bps", row.metrics.get("bitrate_bps")),
                ]
            )
            for row in rows
        ],
    )


def conditions(results: Results) -> Table:
    """Return word error rates under noise and on the telephone."""
    found = {(row.system, row.condition): row for row in results.rows if row.category == DRAWN}
    names = [name for name in CONDITIONS if any(condition == name for _, condition in found)]
    systems = [name for name in results.systems if any((name, one) in found for one in names if one != CLEAN)]

    def rate(system: str, condition: str) -> str:
        row = found.get((system, condition))
        return _number("wer", row.metrics.get("wer") if row else None)

    return Table(
        [Column("WER"), *map(Column, names)],
        [TableRow([system, *(rate(system, name) for name in names)], system == results.main) for system in systems],
    )


def parts(results: Results) -> Table:
    """Return the numbers of a few systems on each part of the corpus."""
    systems = [name for name in ("original", results.main, "opus-6-60ms") if name in results.systems]
    rows = [
        row
        for row in results.rows
        if row.condition == CLEAN and row.system in systems and row.category not in (HEADLINE, DRAWN)
    ]
    rows.sort(key=lambda row: (row.category, systems.index(row.system)))
    metrics = {
        **BITS,
        "wer": "WER",
        "text_wer": "WER of the words sent",
        "similarity": "similarity",
        "identified": "nearest",
    }
    return Table(
        [Column("part"), Column("system", "name"), Column("recordings"), *map(Column, metrics.values())],
        [
            TableRow(
                [row.category, row.system, str(row.items), *_numbers(row, metrics)], is_main=row.system == results.main
            )
            for row in rows
        ],
    )


def conversations(results: Results) -> Table | None:
    """Return words, speakers, starts and voices of the conversations; None without any."""
    rows = conversation_rows(results.conversations)
    if not rows:
        return None
    headings = (
        "recordings", "bytes a minute", "WER", "cpWER", "DER", "DER, 0.25 s collar", "right number of people",
        "starts within 50 ms", "median error of starts, ms", "similarity to the same person", "to the others",
    )  # fmt: skip
    return Table(
        [Column("conversations", "name"), *map(Column, headings)],
        [
            TableRow(
                [
                    row.kind,
                    str(row.count),
                    f"{row.bytes_per_minute:.0f}",
                    _share(row.wer),
                    _share(row.cpwer),
                    _share(row.der),
                    _share(row.der_collar),
                    f"{row.right_count} of {row.count}",
                    f"{_share(row.on_time)} of {row.starts}" if row.starts else "",
                    f"{row.start_bias_ms:+.0f}" if row.starts else "",
                    f"{row.similarity:.2f}" if row.similarity == row.similarity else "",
                    f"{row.stranger:.2f}" if row.stranger == row.stranger else "",
                ]
            )
            for row in rows
        ],
    )


def _share(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f} %"


def speed(results: Results) -> Table:
    """Return real-time factors and peak memory of each system."""
    rows = [row for row in _clean(results) if set(TIME) & set(row.metrics) and row.system != "original"]
    memory = {name: f"{peak:,.0f}" for name, peak in results.memory_mib.items()}
    return _of_metrics(rows, TIME, results, ("peak memory, MiB", lambda row: memory.get(row.system, "")))


def failures(results: Results) -> Table:
    """Return the failures and their reasons."""
    rows = [TableRow([one.item, ", ".join(one.systems) or "all", one.reason]) for one in results.failures]
    return Table([Column("recording"), Column("systems", "left"), Column("why", "left")], rows)


def left_out(results: Results) -> Table:
    """Return the omissions and their reasons."""
    return _pairs(Column("what"), Column("why", "left"), results.left_out)


def facts(results: Results) -> Table:
    """Return versions, machine and engines, without headings."""
    engines = {f"engines of {name}": engines for name, engines in results.engines.items()}
    told = {name: value for name, value in results.facts.items() if name != "command"}
    return _pairs(Column(), Column(css="left"), {**told, **engines})


def _clean(results: Results) -> list[ResultRow]:
    rows = (results.row(system, CLEAN) for system in results.systems)
    return [row for row in rows if row is not None]


def _of_metrics(
    rows: Sequence[ResultRow],
    metrics: Mapping[str, str],
    results: Results,
    extra: tuple[str, Callable[[ResultRow], str]] | None = None,
) -> Table:
    """Return a row for each system and a column for each metric that any of them has."""
    shown = {name: heading for name, heading in metrics.items() if any(name in row.metrics for row in rows)}
    return Table(
        [Column("system"), *map(Column, shown.values()), *([Column(extra[0])] if extra else [])],
        [
            TableRow(
                [row.system, *_numbers(row, shown), *([extra[1](row)] if extra else [])],
                is_main=row.system == results.main,
            )
            for row in rows
        ],
    )


def _pairs(first: Column, second: Column, pairs: Mapping[str, str]) -> Table:
    return Table([first, second], [TableRow(pair) for pair in pairs.items()])


def _numbers(row: ResultRow, metrics: Iterable[str]) -> list[str]:
    return [_number(name, row.metrics.get(name)) for name in metrics]


def _number(metric: str, estimate: Estimate | None) -> str:
    if estimate is None:
        return "–"
    value, _, interval = cell(metric, estimate.as_dict()).partition(" (")
    return Markup("{}<small>{}</small>").format(value, interval.rstrip(")"))
