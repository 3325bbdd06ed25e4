"""The picture of README.md: how many words arrive, and how much the voice is hers, over the bits of each system.

    python -m speechzip.eval.report.picture report/results.json docs/pictures/evaluation.svg

Both heights are shares of what the recordings themselves reach: 100 % is as well as an uncoded recording. A voice has
0 % where it is no nearer to the speaker than another person's is.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from markupsafe import Markup
from speechzip.pipeline import InputError, OutputError, atomic_file

from .headline import HeadlineRow
from .svg import LEFT, Axis, Plot, Style, log_axis

WIDTH, HEIGHT = 760, 330
TITLE = 34
"""Height of a panel's title, in pixels."""
CAPTION = 362
"""Where the line of the recordings is named, in pixels from its left end: no system is near."""
MAIN, TEXT, RIVAL = Style("#D55E00", "star"), Style("#595959", "square"), Style("#0072B2", "circle")
FAMILIES = ("codec2", "opus")
"""Their points are joined by a line."""


class _Look(NamedTuple):
    """How a system looks."""

    name: str
    dx: float = 9
    dy: float = -7
    anchor: str = "start"
    """Where its name stands beside its point, in pixels; one of SVG's `text-anchor`."""
    style: Style = RIVAL


LOOKS = {
    "speechzip": _Look("speechzip", 0, 25, "middle", MAIN),
    "text-utf8-hibari": _Look("text and one fixed voice", 9, 5, style=TEXT),
    "codec2-700C": _Look("Codec2 at 0.7 kbit/s", 9, 12),
    "codec2-1200": _Look("1.2", -9, -5, "end"),
    "codec2-3200": _Look("3.2", -9, -2, "end"),
    "speex-4": _Look("Speex 4", 9, 13),
    "amr-nb-4.75": _Look("AMR-NB 4.75", 9, 4),
    "opus-6-60ms": _Look("Opus 6", -9, -11, "end"),
    "opus-8-60ms": _Look("8", -8, -6, "end"),
    "opus-12-20ms": _Look("12", -8, -6, "end"),
    "opus-24-20ms": _Look("24", -8, -6, "end"),
}
"""The systems in the picture: more would cover each other, and stand in the table."""
STYLE = """
text { font: 13px system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: #1b1b1b; }
.axis { fill: #595959; } .grid { stroke: #d9d9d9; stroke-width: 1; } .title { font-size: 17px; font-weight: 600; }
.halo { paint-order: stroke; stroke: #fff; stroke-width: 4px; stroke-linejoin: round; }
.main { paint-order: stroke; stroke: #fff; stroke-width: 4px; font-weight: 600; fill: #b23a00; }
"""


class _Point(NamedTuple):
    """A system in a panel."""

    system: str
    rate_bps: float
    share: float
    """Of what recordings reach; 1 is all."""


def picture(document: Mapping[str, Any]) -> str:
    """Return the picture as an SVG file, from the content of ``results.json``.

    Raises:
        InputError: neither words nor voices can be compared with the uncoded recordings.
    """
    rows: Sequence[HeadlineRow] = document["headline"]
    nothing: HeadlineRow = {}
    original = next((row for row in rows if row["system"] == "original"), nothing)
    panels: list[Markup] = []
    if "wer" in original:
        words = _points(rows, "wer", lambda wrong: (1 - wrong) / (1 - original["wer"]["value"]))
        panels += _panel("How many words arrive?", "words right", 0.4, words)
    if {"similarity", "similarity_stranger"} <= original.keys():
        same, stranger = original["similarity"]["value"], original["similarity_stranger"]["value"]
        voices = _points(rows, "similarity", lambda near: (near - stranger) / (same - stranger))
        panels += _panel("Does it sound like her?", "from a stranger to herself", 0.0, voices)
    if not panels:
        raise InputError("the results have no words or voices to compare with the recordings'; evaluate more of them")
    whole = len(panels) * (HEIGHT + TITLE)
    body = Markup().join(
        Markup('<svg y="{}" width="{}" height="{}">{}</svg>').format(top, WIDTH, HEIGHT + TITLE, panel)
        for top, panel in zip(range(0, whole, HEIGHT + TITLE), panels, strict=True)
    )
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" width="{}" height="{}" role="img" '
        'aria-label="Words and voices over bit/s"><style>{}</style>'
        '<rect width="100%" height="100%" fill="#fff"/>{}</svg>\n'
    ).format(WIDTH, whole, WIDTH, whole, Markup(STYLE), body)


def _points(rows: Sequence[HeadlineRow], metric: str, share: Callable[[float], float]) -> list[_Point]:
    return [
        _Point(row["system"], row["bitrate_bps"]["value"], share(row[metric]["value"]))
        for row in rows
        if row["system"] in LOOKS and metric in row
    ]


def _panel(title: str, label: str, low: float, points: Sequence[_Point]) -> list[Markup]:
    if not points:
        return []
    lowest = min(point.share for point in points)
    plot = Plot(
        title,
        log_axis([20.0, *(point.rate_bps for point in points)], "bits for each second of speech", "{:,.0f}".format),
        Axis(
            min(low, lowest),
            1.07,
            label,
            ticks=[0.2 * step for step in range(6) if 0.2 * step >= low],
            show="{:.0%}".format,
        ),
        WIDTH,
        HEIGHT,
    )
    plot.line([(plot.x.low, 1.0), (plot.x.high, 1.0)], Style("#000000", dash="1 4"), width=1.2)
    plot.text((plot.x.low, 1.0), "as in the recordings", dx=CAPTION, dy=-6, css="axis")
    for family in FAMILIES:
        plot.line([(one.rate_bps, one.share) for one in points if one.system.startswith(family)], RIVAL, width=1.2)
    for one in points:
        at, look = (one.rate_bps, one.share), LOOKS[one.system]
        tip, main = f"{one.system}: {one.rate_bps:,.0f} bit/s, {one.share:.0%}", look.style is MAIN
        plot.marker(at, look.style, tip, 8 if main else 4.5)
        plot.text(at, look.name, look.dx, look.dy, look.anchor, "main" if main else "halo")
    head = Markup('<text x="{}" y="24" class="title">{}</text>').format(LEFT, title)
    return [head + Markup('<svg y="{}" width="{}" height="{}">{}</svg>').format(TITLE, WIDTH, HEIGHT, plot.render())]


def main() -> None:
    """Write the picture of an evaluation."""
    results, file_name = sys.argv[1:]
    try:
        drawn = picture(json.loads(Path(results).read_text("utf-8")))
        with atomic_file(Path(file_name), force=True) as file:
            file.write(drawn.encode())
    except (InputError, OutputError, OSError, ValueError) as error:
        sys.exit(f"speechzip: {error}")


if __name__ == "__main__":
    main()
