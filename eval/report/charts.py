"""The report's plots."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle, islice

from markupsafe import Markup

from ..conditions import CLEAN, NOISE_RATIOS_DB
from ..results.bootstrap import Estimate
from ..results.results import Results
from ..results.summary import DRAWN, HEADLINE, ResultRow
from ..types import Observation
from .headline import cell
from .svg import Axis, Plot, Style, legend, linear_axis, log_axis, short_rate, swatches

STYLES = {
    "speechzip": Style("#D55E00", "star"),
    "original": Style("#000000", "diamond"),
    "text + Brotli": Style("#595959", "cross"),
    "Opus 20 ms": Style("#0072B2", "circle"),
    "Opus 60 ms": Style("#0072B2", "circle", "7 4", hollow=True),
    "Codec2": Style("#00805E", "square", "2 3"),
    "AMR-NB": Style("#A6507F", "triangle", "8 3 2 3"),
    "Speex": Style("#8A6A00", "down", "4 4"),
}
"""Family -> style."""
OTHERS = (Style("#444444", "square", "1 3", hollow=True), Style("#7A5195", "triangle", "6 2", hollow=True))
"""Styles for families that are added later."""
OTHER_SETS = (
    Style("#D55E00", "diamond", "5 3", hollow=True),
    Style("#B23A00", "square", "2 3", hollow=True),
    Style("#D55E00", "triangle", "8 3", hollow=True),
)
"""Styles for speechzip with sets of engines other than the main one."""
WORDS_SENT = Style("#D55E00", "star", hollow=True)
SECTION_FILLS = {
    "header": ("#4D4D4D", "plain"),
    "voices": ("#D55E00", "rising"),
    "timing": ("#56B4E9", "dots"),
    "text": ("#0072B2", "plain"),
    "checksum": ("#E69F00", "falling"),
}
"""Section of a payload -> color and pattern."""
OTHER_FILL = ("#009E73", "across")


def styles(results: Results) -> dict[str, Style]:
    """Return the style of each series: families, and speechzip's sets one by one."""
    found: dict[str, Style] = {}
    others, sets = cycle(OTHERS), cycle(OTHER_SETS)
    for row in results.rows:
        series = _series(row)
        if series in found:
            continue
        if row.family == "speechzip":
            found[series] = STYLES["speechzip"] if series == results.main else next(sets)
        else:
            found[series] = STYLES.get(series) or next(others)
    return found


def rate_and_words(results: Results) -> Markup:
    """Return the plot of word error rate over bit/s, all systems."""
    rows = [row for row in _headline(results) if "wer" in row.metrics and row.metrics["bitrate_bps"].value > 0]
    if not rows:
        return Markup()
    looks = styles(results)
    top = min(1.0, max(row.metrics["wer"].high for row in rows) * 1.05)
    plot = Plot(
        "Word error rate over bit/s for all systems",
        log_axis(
            [row.metrics["bitrate_bps"].value for row in rows],
            "bit/s, payload (each step about three times)",
            short_rate,
        ),
        linear_axis(0, top, "word error rate of the decoded speech", "{:.0%}".format),
        height=440,
    )
    original = results.row("original", CLEAN)
    if original is not None and "wer" in original.metrics:
        floor = original.metrics["wer"].value
        plot.line([(plot.x.low, floor), (plot.x.high, floor)], Style("#000000", dash="1 4"), width=1.2)
    for series, style in looks.items():
        members = sorted(
            (row for row in rows if _series(row) == series), key=lambda row: row.metrics["bitrate_bps"].value
        )
        points = [(row.metrics["bitrate_bps"].value, row.metrics["wer"].value) for row in members]
        if len(points) > 1:
            plot.line(points, style)
        for row, point in zip(members, points, strict=True):
            rate, words = row.metrics["bitrate_bps"], row.metrics["wer"]
            plot.whisker((point[0], words.low), (point[0], words.high), style)
            plot.whisker((rate.low, point[1]), (rate.high, point[1]), style)
            tip = f"{row.system}: {cell('bitrate_bps', rate.as_dict())} bit/s, {cell('wer', words.as_dict())}"
            plot.marker(point, style, tip, 6.5 if row.system == results.main else 4.5)
    entries = [(series, style) for series, style in looks.items() if any(_series(row) == series for row in rows)]
    main = results.row(results.main, CLEAN)
    if main is not None and "text_wer" in main.metrics:
        point = (main.metrics["bitrate_bps"].value, main.metrics["text_wer"].value)
        plot.marker(point, WORDS_SENT, f"words sent: {cell('text_wer', main.metrics['text_wer'].as_dict())}", 5)
        entries.append((f"{results.main}: the words sent", WORDS_SENT))
    return legend(entries) + plot.render()


def voice_similarity(results: Results) -> Markup:
    """Return the plot of speaker similarity, each system between the anchors of the corpus."""
    rows = [row for row in _headline(results) if "similarity" in row.metrics]
    original = results.row("original", CLEAN)
    if not rows or original is None or "similarity" not in original.metrics:
        return Markup()
    looks = styles(results)
    same, stranger = original.metrics["similarity"], original.metrics["similarity_stranger"]
    rows = [row for row in rows if row.system != "original"]
    low = min(stranger.low, *(row.metrics["similarity"].low for row in rows), 1.0) - 0.03
    plot = Plot(
        "Speaker similarity of all systems between same-speaker and different-speaker anchors",
        linear_axis(
            round(low, 1) - 0.05, max(same.high, 0.95), "cosine to other recordings of the same person", "{:.2f}".format
        ),
        Axis(len(rows) - 0.4, -1.7, "", show=lambda _: ""),
        height=84 + 19 * len(rows),
    )
    for anchor, name in ((stranger, "another person, original"), (same, "the same person, original")):
        plot.band(anchor.low, anchor.high, "#000000", vertical=True)
        plot.line([(anchor.value, plot.y.low), (anchor.value, plot.y.high)], Style("#000000", dash="3 3"), width=1.2)
        plot.text((anchor.value, plot.y.high), name, dy=11, anchor="middle", css="halo")
    for place, row in enumerate(rows):
        estimate, style = row.metrics["similarity"], looks[_series(row)]
        plot.whisker((estimate.low, place), (estimate.high, place), style)
        plot.marker((estimate.value, place), style, f"{row.system}: {cell('similarity', estimate.as_dict())}")
        right = estimate.value < (plot.x.low + plot.x.high) / 2
        plot.text(
            (estimate.high if right else estimate.low, place),
            row.system,
            dx=9 if right else -9,
            dy=4,
            anchor="start" if right else "end",
            css="halo",
        )
    return plot.render()


def bytes_by_section(results: Results) -> Markup:
    """Return bars of speechzip's bit/s by section, for each part of the corpus."""
    rows = [row for row in results.rows if row.system == results.main and row.condition == CLEAN and row.sections]
    rows = [row for row in rows if row.category != DRAWN]
    if not rows:
        return Markup()
    top = max(sum(estimate.value for estimate in row.sections.values()) for row in rows)
    plot = Plot(
        "Bit/s of speechzip by section of the payload",
        linear_axis(0, top * 1.12, "bit/s", "{:g}".format),
        Axis(len(rows) - 0.45, -0.55, "", show=lambda _: ""),
        height=64 + 34 * len(rows),
    )
    names: dict[str, tuple[str, str]] = {}
    for place, row in enumerate(rows):
        start = 0.0
        for name, estimate in row.sections.items():
            fill = names.setdefault(name, SECTION_FILLS.get(name, OTHER_FILL))
            tip = f"{row.category}, {name}: {_interval(estimate)} bit/s"
            plot.bar((start, place + 0.12), (start + estimate.value, place + 0.44), *fill, tip=tip)
            start += estimate.value
        name = "all single utterances" if row.category == HEADLINE else row.category
        plot.text((0, place), name, dx=3, dy=1)
        plot.text((start, place + 0.28), f"{start:.1f} bit/s", dx=6, dy=4)
    return swatches([(name, *fill) for name, fill in names.items()]) + plot.render()


def rate_over_duration(results: Results) -> Markup:
    """Return the plot of bit/s over duration: fixed costs are shared by all seconds."""
    seen = [one for one in results.observations if _main_clean(one, results) and one.duration_s and one.payload_bits]
    if not seen:
        return Markup()
    spoken = [one for one in seen if one.text]
    fixed = [8.0 * sum(one.sections.get(name, 0) for name in ("header", "voices", "checksum")) for one in spoken]
    seconds = sum(one.duration_s for one in spoken)
    growing = (sum(one.payload_bits for one in spoken) - sum(fixed)) / seconds
    base = sum(fixed) / len(fixed)
    rates = [one.payload_bits / one.duration_s for one in seen]
    plot = Plot(
        "Bit/s of speechzip over the length of the recording",
        log_axis([one.duration_s for one in seen], "length of the recording in seconds", "{:g}".format),
        linear_axis(0, max(rates) * 1.05, "bit/s", "{:g}".format),
        height=360,
    )
    categories = list(dict.fromkeys(one.category for one in seen))
    palette = [*STYLES.values(), *OTHERS, *OTHER_SETS][1:]
    looks = dict(zip(categories, islice(cycle(palette), len(categories)), strict=True))
    for one, rate in zip(seen, rates, strict=True):
        tip = f"{one.item}: {one.duration_s:.1f} s, {one.payload_bits / 8:.0f} bytes, {rate:.1f} bit/s"
        plot.marker((one.duration_s, rate), looks[one.category], tip, 3.6)
    ratio = (plot.x.high / plot.x.low) ** (1 / 60)
    lengths = [plot.x.low * ratio**step for step in range(61)]
    curve = [(length, base / length + growing) for length in lengths]
    plot.line([point for point in curve if point[1] <= plot.y.high], Style("#D55E00"))
    entries = [*looks.items(), (f"{base / 8:.0f} bytes once, then {growing:.1f} bit/s", Style("#D55E00"))]
    return legend(entries) + plot.render()


def degradation(results: Results) -> Markup:
    """Return the curves of word error rate over noise, with the telephone beside them."""
    conditions = [CLEAN, *(f"noise-{ratio}dB" for ratio in NOISE_RATIOS_DB), "telephone"]
    labels = ["clean", *(f"{ratio} dB" for ratio in NOISE_RATIOS_DB), "telephone"]
    rows = {(row.system, row.condition): row for row in results.rows if row.category == DRAWN}
    systems = [name for name in results.systems if any((name, condition) in rows for condition in conditions[1:])]
    highs = [row.metrics["wer"].high for row in rows.values() if "wer" in row.metrics]
    if not systems or not highs:
        return Markup()
    plot = Plot(
        "Word error rate under noise and on the telephone",
        Axis(
            -0.4,
            5.5,
            "speech to noise, and 300 to 3400 Hz at 8 kHz",
            ticks=range(6),
            show=lambda place: labels[int(place)],
        ),
        linear_axis(0, max(highs), "word error rate", "{:.0%}".format),
        height=400,
    )
    looks = styles(results)
    entries: list[tuple[str, Style]] = []
    for offset, system in enumerate(systems):
        found = {place: rows.get((system, condition)) for place, condition in enumerate(conditions)}
        estimates = {place: row.metrics["wer"] for place, row in found.items() if row and "wer" in row.metrics}
        style = looks[next(_series(row) for row in found.values() if row)]
        shift = 0.05 * (offset - (len(systems) - 1) / 2)
        plot.line([(place + shift, one.value) for place, one in estimates.items() if place < 5], style)
        for place, one in estimates.items():
            plot.whisker((place + shift, one.low), (place + shift, one.high), style)
            plot.marker((place + shift, one.value), style, f"{system}, {labels[place]}: {cell('wer', one.as_dict())}")
        entries.append((system, style))
    return legend(entries) + plot.render()


def _headline(results: Results) -> Sequence[ResultRow]:
    rows = (results.row(system, CLEAN) for system in results.systems)
    return [row for row in rows if row is not None and "bitrate_bps" in row.metrics]


def _main_clean(one: Observation, results: Results) -> bool:
    return one.system == results.main and one.condition == CLEAN and not one.failure


def _series(row: ResultRow) -> str:
    return row.system if row.family == "speechzip" else row.family


def _interval(estimate: Estimate) -> str:
    return f"{estimate.value:.1f} ({estimate.low:.1f}–{estimate.high:.1f})"
