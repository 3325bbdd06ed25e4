"""The report as one HTML file that works offline: plots are SVG, players hold their sound.

The texts and the layout are in ``templates/``, which escape all values except `Markup`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from ..conditions import CLEAN
from ..corpora import NONSPEECH
from ..results.results import Results
from ..results.summary import DRAWN
from . import charts, tables
from .headline import cell
from .samples import typical_sample, worst_samples


@dataclass(frozen=True, slots=True)
class Card:
    """A number at the top of the page."""

    value: str
    """The value, in large letters."""
    text: str
    """Its explanation."""


@dataclass(frozen=True, slots=True)
class Invented:
    """Words in recordings without speech."""

    items: int
    """Number of recordings."""
    share: str
    """Share of them with words, as tables show it."""


def render_page(results: Results, folder: Path) -> str:
    """Return the page; `folder` holds the clips of decoded speech."""
    environment = Environment(
        loader=PackageLoader("speechzip.eval.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["anchor"] = _anchor
    drawn = results.row("original", CLEAN, DRAWN)
    return environment.get_template("report.html").render(
        results=results,
        charts=charts,
        tables={
            "words": tables.words(results),
            "sound": tables.sound(results),
            "sections": tables.sections(results),
            "conditions": tables.conditions(results),
            "parts": tables.parts(results),
            "conversations": tables.conversations(results),
            "speed": tables.speed(results),
            "failures": tables.failures(results),
            "left_out": tables.left_out(results),
            "facts": tables.facts(results),
        },
        cards=_cards(results),
        typical=typical_sample(results, folder),
        worst=worst_samples(results, folder),
        drawn_items=drawn.items if drawn else 0,
        invented=_invented(results),
    )


def _cards(results: Results) -> list[Card] | None:
    """Return the numbers at the top of the page; None if no recording succeeded."""
    main, original = results.row(results.main, CLEAN), results.row("original", CLEAN)
    if main is None or original is None:
        return None
    cards: list[Card] = []
    if rate := main.metrics.get("bitrate_bps"):
        opus = results.row("opus-6-60ms", CLEAN)
        fewer = (
            f"; {opus.metrics['bitrate_bps'].value / rate.value:,.0f} times fewer than Opus at its least"
            if opus
            else ""
        )
        cards.append(Card(f"{rate.value:.0f} bit/s", f"single utterances{fewer}"))
    for metric, what, form in (
        ("wer", "of its words are misheard", "{:.1%}"),
        ("similarity", "voice similarity", "{:.2f}"),
        ("dnsmos_overall", "naturalness, of 5 (DNSMOS)", "{:.2f}"),
    ):
        if metric in main.metrics and metric in original.metrics:
            value, anchor = (form.format(row.metrics[metric].value) for row in (main, original))
            cards.append(Card(value, f"{what}; the original: {anchor}"))
    return cards


def _invented(results: Results) -> Invented | None:
    row = results.row(results.main, CLEAN, NONSPEECH)
    if row is None or "invented" not in row.metrics:
        return None
    return Invented(row.items, cell("invented", row.metrics["invented"].as_dict()))


def _anchor(name: str) -> str:
    return name.lower().replace(" ", "-")
