"""The report as one HTML file that works offline: plots are SVG, players hold their sound."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

from ..conditions import CLEAN, CONDITIONS
from ..corpora import NONSPEECH
from ..results.bootstrap import Estimate
from ..results.results import Results
from ..results.summary import DRAWN, HEADLINE, Row
from . import charts
from .headline import cell
from .samples import typical_sample, worst_samples

BITS = {"bitrate_bps": "payload, bit/s", "wire_bps": "on the wire, bit/s"}
WORDS = {
    "wer": "WER",
    "substitutions": "sub&shy;stituted",
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

HOW = """speechzip writes down what was said, by whom and when, sends that, and lets a synthesizer say it again.
The other codecs send the sound. A <b>word error rate</b> (WER) is the share of words that a listening machine,
the judge, gets wrong in what comes out: it compares what it hears with what was really said, after {normalizer}.
The original recording has errors too: they are the judge's own. Ranges are 95 % intervals from a bootstrap over
recordings: run again on other recordings of the kind, the number would mostly fall within."""


def render_page(results: Results, folder: Path) -> str:
    """Return the page; `folder` holds the clips of what was heard."""
    title = f"speechzip on {results.corpus.name}"
    style = (files("speechzip.eval.report") / "report.css").read_text("utf-8")
    sections = {
        "Bits and words": _bits_and_words(results),
        "Listen": typical_sample(results, folder),
        "Voice and sound": _voice(results),
        "Where the bytes go": _bytes(results),
        "Noise and telephone": _degradation(results),
        "Parts of the corpus": _parts(results),
        "Speed and memory": _speed(results),
        "The ten worst": worst_samples(results, folder),
        "Failed and left out": _failed(results),
        "How to reproduce it": _reproduce(results),
    }
    sections = {name: body for name, body in sections.items() if body}
    links = "".join(f'<a href="#{_anchor(name)}">{name}</a>' for name in sections)
    bodies = "".join(f'<h2 id="{_anchor(name)}">{name}</h2>{body}' for name, body in sections.items())
    how = HOW.format(normalizer=escape(results.facts["normaliser"]))
    warnings = "".join(f'<p class="note">{escape(warning)}</p>' for warning in results.warnings)
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{style}</style></head><body><h1>{escape(title)}</h1>"
        f'<p class="soft">{_subtitle(results)}</p>{_cards(results)}<nav>{links}</nav><p>{how}</p>{warnings}{bodies}'
        "</body></html>\n"
    )


def _subtitle(results: Results) -> str:
    count, failed = len(results.corpus.items), results.failed_items
    failures = (
        f'<a href="#{_anchor("Failed and left out")}">{failed} failed in part or whole</a>' if failed else "none failed"
    )
    return (
        f"{count} recordings, {failures}; {len(results.systems)} systems; judge {escape(', '.join(results.judges))}; "
        f"{escape(results.facts['date'])}; speechzip {escape(results.facts.get('speechzip', 'of unknown version'))}"
    )


def _cards(results: Results) -> str:
    main, original = results.row(results.main, CLEAN), results.row("original", CLEAN)
    if main is None or original is None:
        return ""
    cards: list[tuple[str, str]] = []
    if rate := main.metrics.get("bitrate_bps"):
        opus = results.row("opus-6-60ms", CLEAN)
        fewer = (
            f"{opus.metrics['bitrate_bps'].value / rate.value:,.0f} times fewer than Opus at its least" if opus else ""
        )
        cards.append((f"{rate.value:.0f} bit/s", f"single utterances; {fewer}" if fewer else "single utterances"))
    for metric, what, form in (
        ("wer", "of its words are misheard", "{:.1%}"),
        ("similarity", "voice similarity", "{:.2f}"),
        ("dnsmos_overall", "naturalness, of 5 (DNSMOS)", "{:.2f}"),
    ):
        if metric in main.metrics and metric in original.metrics:
            value, anchor = (form.format(row.metrics[metric].value) for row in (main, original))
            cards.append((value, f"{what}; the original: {anchor}"))
    return f'<div class="cards">{"".join(f"<div class=card><b>{b}</b>{text}</div>" for b, text in cards)}</div>'


def _bits_and_words(results: Results) -> str:
    plot = charts.rate_and_words(results)
    caption = (
        "Down and left is better. Lines join settings of one codec; bars are 95 % intervals; dotted: the original. The "
        "hollow star is what speechzip sent, compared without a judge: what lies between the stars is lost in "
        "speaking it again."
    )
    others = {
        f"{name}:{judge}": f"{heading}, {escape(judge)}"
        for judge in results.judges[1:]
        for name, heading in WORDS.items()
        if name in ("wer", "cer")
    }
    return (
        _figure(plot, caption)
        + _table(_rows(results), {**BITS, **WORDS, **others}, results)
        + "<p class=soft>On the wire: IPv4 and UDP headers on each "
        "packet, RTP too for the codecs that stream (40 bytes a "
        "packet; speechzip and text send one message). Substituted, deleted and inserted add up to the WER. "
        "Numbers: words "
        "that the normalizer writes with a figure. Names: capitalized words inside a sentence, of the transcript "
        "or, where "
        "it is all capitals, of what the judge hears in the original.</p>"
    )


def _voice(results: Results) -> str:
    rows = _rows(results)
    if not any(set(SOUND) & set(row.metrics) for row in rows):
        return ""
    caption = (
        "Cosine between speaker embeddings (Resemblyzer, which is not part of speechzip) of a decoded recording "
        "and the "
        "originals of other recordings of the same person, with other words. The dashed lines are the anchors of "
        "the same "
        "corpus: originals of the same person and of other people. Only people with two recordings or more count."
    )
    return (
        _figure(charts.voice_similarity(results), caption)
        + _table(rows, SOUND, results)
        + "<p class=soft>Nearest to the right one: of all people with two recordings or more, how often the "
        "decoded voice is "
        "nearest to that of its speaker. DNSMOS: a network's guess of listeners' scores from 1 to 5 for "
        "suppressed noise; it "
        "was not trained on synthetic speech. Start: where speech begins in the decoded recording, less where it "
        "begins in "
        "the original, absolute; systems that send text alone have no timing.</p>"
    )


def _bytes(results: Results) -> str:
    sections = charts.bytes_by_section(results)
    if not sections:
        return ""
    rows = [row for row in results.rows if row.system == results.main and row.condition == CLEAN and row.sections]
    names = list(dict.fromkeys(name for row in rows for name in row.sections))
    body = "".join(
        f"<tr><td>{escape(_part(row))}</td>"
        + "".join(f"<td>{_number('section_bps', row.sections.get(name))}</td>" for name in names)
        + f"<td>{_number('bitrate_bps', row.metrics.get('bitrate_bps'))}</td></tr>"
        for row in rows
        if row.category != DRAWN
    )
    heads = "".join(f"<th>{escape(name)}, bit/s</th>" for name in names)
    return (
        _figure(sections, f"{escape(results.main)}: bit/s by section of the payload.")
        + f'<div class="wide"><table><tr><th>part</th>{heads}<th>all</th></tr>{body}</table></div>'
        + _figure(
            charts.rate_over_duration(results),
            "Each marker is a recording. The voice, the header and the checksum are sent once and shared by all "
            "seconds: "
            "the longer the recording, the less they weigh. The curve is that sum with the mean of both parts.",
        )
    )


def _degradation(results: Results) -> str:
    plot = charts.degradation(results)
    if not plot:
        return ""
    drawn = results.row("original", CLEAN, DRAWN)
    count = drawn.items if drawn else 0
    return _figure(
        plot,
        f"The same {count} recordings, drawn by the seed, with pink noise added so far below their speech, and "
        "on a telephone "
        "line (300 to 3400 Hz, 8 kHz, 8-bit mu-law). The original, so degraded, is the judge's own limit.",
    ) + _condition_table(results)


def _condition_table(results: Results) -> str:
    rows = [row for row in results.rows if row.category == DRAWN]
    conditions = [name for name in CONDITIONS if any(row.condition == name for row in rows)]
    found = {(row.system, row.condition): row for row in rows}
    systems = [name for name in results.systems if any((name, one) in found for one in conditions if one != CLEAN)]
    body = "".join(
        f"<tr{_main_class(system, results)}><td>{escape(system)}</td>"
        + "".join(
            f"<td>{_number('wer', row.metrics.get('wer') if (row := found.get((system, one))) else None)}</td>"
            for one in conditions
        )
        + "</tr>"
        for system in systems
    )
    heads = "".join(f"<th>{escape(condition)}</th>" for condition in conditions)
    return f'<div class="wide"><table><tr><th>WER</th>{heads}</tr>{body}</table></div>'


def _parts(results: Results) -> str:
    systems = [name for name in ("original", results.main, "opus-6-60ms") if name in results.systems]
    rows = [
        row
        for row in results.rows
        if row.condition == CLEAN and row.system in systems and row.category not in (HEADLINE, DRAWN)
    ]
    rows.sort(key=lambda row: (row.category, systems.index(row.system)))
    columns = {
        **BITS,
        "wer": "WER",
        "text_wer": "WER of the words sent",
        "similarity": "similarity",
        "identified": "nearest",
    }
    body = "".join(
        f"<tr{_main_class(row.system, results)}><td>{escape(row.category)}</td><td class=name>{escape(row.system)}</td>"
        f"<td>{row.items}</td>{''.join(f'<td>{_number(name, row.metrics.get(name))}</td>' for name in columns)}</tr>"
        for row in rows
    )
    heads = "".join(f"<th>{escape(heading)}</th>" for heading in columns.values())
    invented = results.row(results.main, CLEAN, NONSPEECH)
    note = (
        f"<p>Where nobody speaks ({invented.items} recordings of noise and music), {escape(results.main)} wrote "
        "words for "
        f"{cell('invented', invented.metrics['invented'].as_dict())} of the recordings; right is none.</p>"
        if invented and "invented" in invented.metrics
        else ""
    )
    return (
        '<div class="wide"><table><tr><th>part</th><th '
        f"class=left>system</th><th>recordings</th>{heads}</tr>{body}</table></div>" + note
    )


def _speed(results: Results) -> str:
    rows = [row for row in _rows(results) if set(TIME) & set(row.metrics) and row.system != "original"]
    memory = {name: f"{peak:,.0f}" for name, peak in results.memory_mib.items()}
    return (
        _table(rows, TIME, results, extra=("peak memory, MiB", memory))
        + "<p class=soft>Real time: seconds of work for a second of sound, one process a core, models loaded "
        "before. Memory: peak of "
        "a process that loads Python and the system and codes the longest recording, measured once (no "
        "interval), for one "
        "system of each family; helper programs are not counted.</p>"
    )


def _failed(results: Results) -> str:
    failures = "".join(
        f"<tr><td>{escape(one.item)}</td><td class=left>{escape(', '.join(one.systems) or 'all')}</td>"
        f"<td class=left>{escape(one.reason)}</td></tr>"
        for one in results.failures
    )
    left_out = "".join(
        f"<tr><td>{escape(name)}</td><td class=left>{escape(reason)}</td></tr>"
        for name, reason in results.left_out.items()
    )
    count = f"{results.failed_items} of {len(results.corpus.items)} recordings failed in part or whole."
    return (
        f"<p>{count}</p>"
        + (
            f"<table><tr><th>recording</th><th class=left>systems</th><th class=left>why</th></tr>{failures}</table>"
            if failures
            else ""
        )
        + (
            f"<h3>Left out</h3><table><tr><th>what</th><th class=left>why</th></tr>{left_out}</table>"
            if left_out
            else ""
        )
    )


def _reproduce(results: Results) -> str:
    facts = {**results.facts, **{f"engines of {name}": engines for name, engines in results.engines.items()}}
    command = facts.pop("command")
    body = "".join(
        f"<tr><td>{escape(name)}</td><td class=left>{escape(value)}</td></tr>" for name, value in facts.items()
    )
    return (
        f"<pre>{escape(command)}</pre><p>The same corpus, seed and versions give the same words and bits; times "
        "vary. <code>results.json</code> and the CSV files beside this page hold every "
        f"number.</p><table>{body}</table>"
    )


def _rows(results: Results) -> list[Row]:
    rows = (results.row(system, CLEAN) for system in results.systems)
    return [row for row in rows if row is not None]


def _table(
    rows: Sequence[Row],
    columns: Mapping[str, str],
    results: Results,
    extra: tuple[str, Mapping[str, str]] | None = None,
) -> str:
    shown = {name: heading for name, heading in columns.items() if any(name in row.metrics for row in rows)}
    headings: Iterable[str] = [*shown.values(), *([extra[0]] if extra else [])]
    body = "".join(
        f"<tr{_main_class(row.system, results)}><td>{escape(row.system)}</td>"
        + "".join(f"<td>{_number(name, row.metrics.get(name))}</td>" for name in shown)
        + (f"<td>{extra[1].get(row.system, '')}</td>" if extra else "")
        + "</tr>"
        for row in rows
    )
    heads = "".join(f"<th>{heading}</th>" for heading in headings)
    return f'<div class="wide"><table><tr><th>system</th>{heads}</tr>{body}</table></div>'


def _number(metric: str, estimate: Estimate | None) -> str:
    if estimate is None:
        return "–"
    value, _, interval = cell(metric, estimate.as_dict()).partition(" (")
    return f"{value}<small>{interval.rstrip(')')}</small>"


def _figure(plot: str, caption: str) -> str:
    return f"<figure>{plot}<figcaption>{caption}</figcaption></figure>" if plot else ""


def _part(row: Row) -> str:
    return "all single utterances" if row.category == HEADLINE else row.category


def _main_class(system: str, results: Results) -> str:
    return " class=main" if system == results.main else ""


def _anchor(name: str) -> str:
    return name.lower().replace(" ", "-")
