"""The share of a message that arrives through a short-wave channel: curves over the signal-to-noise ratio.

    python -m speechzip.eval.radio.curves call.wav     # prints a table, writes radio-curves/curves.html

What was measured is kept in ``radio-curves/``, so that a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from math import ceil, floor, isnan
from pathlib import Path

import numpy as np
from markupsafe import Markup
from speechzip.pipeline import InputError, SpeechzipError, compress, read_payload
from speechzip.pipeline.links import MODEM_RATE, Inbox, Modem, Packed, pack, signal, unpad

from ..report.svg import Plot, Style, legend, linear_axis
from .channel import CHANNELS, Channel, propagate

SNRS_DB = {
    "datac13": (-12, -9, -6, -3, 0, 3),
    "datac4": (-12, -9, -6, -3, 0, 3),
    "datac3": (-6, -3, 0, 3, 6, 9),
    "datac1": (-3, 0, 3, 6, 9, 12),
}
"""Mode -> the ratios to try, in 3 kHz."""
PARITY = 2
"""Parity packets of the messages."""
SHORT_MESSAGES = 8
"""Number of packets sent in a mode that a message does not fit (DATAC13); only bursts are counted there."""

COLORS = {"datac13": "#595959", "datac4": "#D55E00", "datac3": "#0072B2", "datac1": "#00805E"}
"""Mode -> color of its lines."""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """The results at one signal-to-noise ratio, the mean of several runs."""

    mode: str
    """FreeDV's mode."""
    channel: str
    """Name of the channel."""
    snr_db: float
    """In 3 kHz."""
    bursts: float
    """Share of the bursts that were decoded."""
    words: float
    """Share of the words that arrived without parity packets; NaN if the message does not fit the mode."""
    words_with_parity: float
    """The same with them."""


def measure(data: bytes, mode: str, channel: Channel, snr_db: float, seeds: Sequence[int] = (1, 2, 3)) -> CurvePoint:
    """Return the results for the payload `data`. The runs with and without parity receive the same bursts."""
    packed, words = _message(data, mode)
    modem = Modem(mode)
    clean = signal(modem, packed.packets)
    runs: list[tuple[float, float, float]] = []
    for seed in seeds:
        sound = propagate(clean, MODEM_RATE, channel, snr_db, seed)
        heard = {unpad(frame) for frame, _ in Modem(mode).demodulate(np.append(sound, np.zeros(MODEM_RATE, np.int16)))}
        got = [packet in heard for packet in packed.packets]
        count = len(words)
        share = sum(size for size, is_there in zip(words, got, strict=False) if is_there) / max(1, sum(words))
        runs.append((sum(got) / len(got), share, 1.0 if sum(got) >= count else share))
    bursts, plain, restored = (float(np.mean(column)) for column in zip(*runs, strict=True))
    return CurvePoint(mode, channel.name, snr_db, bursts, plain if words else np.nan, restored if words else np.nan)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure all modes through all channels, print a table and draw the curves."""
    parser = argparse.ArgumentParser(description="What arrives over the HF modem.")
    parser.add_argument("recording", type=Path, help="recording, or payload (.spz)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each point, with other noise and fading")
    parser.add_argument("--out", type=Path, default=Path("radio-curves"), help="folder for the results")
    options = parser.parse_args(arguments)
    path: Path = options.recording
    if path.suffix == ".spz":
        read_payload(path)
        data = path.read_bytes()
    else:
        data = compress(path).data
    options.out.mkdir(parents=True, exist_ok=True)
    points = measure_all(data, options.runs, options.out / "points.jsonl", lambda point: print(point, file=sys.stderr))
    for line in table(points):
        print(line)
    page = draw_page(points, path.name, options.runs)
    (options.out / "curves.html").write_text(page, encoding="utf-8")


def measure_all(data: bytes, runs: int, kept: Path, tell: Callable[[CurvePoint], None]) -> list[CurvePoint]:
    """Return all points, and report each when it is measured: this takes some minutes of processor time.

    Args:
        data: a payload.
        runs: of each point.
        kept: file of earlier points, to which new ones are added.
        tell: is called with each new point.
    """
    key = f"{hashlib.sha256(data).hexdigest()[:16]}-{runs}"
    rows = [json.loads(line) for line in kept.read_text("ascii").splitlines()] if kept.exists() else []
    known = {(row["mode"], row["channel"], row["snr_db"]): row for row in rows if row.pop("key") == key}
    points: list[CurvePoint] = []
    for mode, ratios in SNRS_DB.items():
        for channel in CHANNELS.values():
            for snr_db in ratios:
                row = known.get((mode, channel.name, snr_db))
                if row is None:
                    row = asdict(measure(data, mode, channel, snr_db, range(1, runs + 1)))
                    with kept.open("a", encoding="ascii") as file:
                        file.write(json.dumps({"key": key, **row}) + "\n")
                    tell(CurvePoint(**row))
                points.append(CurvePoint(**row))
    return points


def table(points: Sequence[CurvePoint]) -> Iterator[str]:
    """Yield the lines of a table in Markdown: percent of bursts, words, and words with parity, for each ratio."""
    ratios = sorted({point.snr_db for point in points})
    yield f"| mode | channel | {' | '.join(f'{ratio:g} dB' for ratio in ratios)} |"
    yield f"|---|---|{'---:|' * len(ratios)}"
    found = {(point.mode, point.channel, point.snr_db): point for point in points}
    for mode in dict.fromkeys(point.mode for point in points):
        for channel in dict.fromkeys(point.channel for point in points):
            cells = [_shares(found.get((mode, channel, ratio))) for ratio in ratios]
            yield f"| {mode.upper()} | {channel} | {' | '.join(cells)} |"


def _shares(point: CurvePoint | None) -> str:
    if point is None:
        return ""
    shares = (point.bursts, point.words, point.words_with_parity)
    return "/".join(f"{100 * share:.0f}" for share in shares if not isnan(share))


def draw_page(points: Sequence[CurvePoint], name: str, runs: int) -> str:
    """Return the curves as a page that needs nothing else.

    Args:
        points: what was measured.
        name: of the recording.
        runs: of each point.
    """
    style = files("speechzip.eval.report").joinpath("templates", "report.css").read_text(encoding="utf-8")
    modes = ", ".join(dict.fromkeys(point.mode.upper() for point in points))
    return Markup(
        "<!doctype html><html lang=en><meta charset=utf-8><title>speechzip: the HF modem</title><style>{}</style>"
        "<h1>What arrives over the HF modem</h1><p>{} in bursts of {}, {} runs for each point. With parity packets, a "
        "message of k bursts is whole if any k arrive.</p>{}"
    ).format(Markup(style), name, modes, runs, draw(points))


def draw(points: Sequence[CurvePoint]) -> Markup:
    """Return a plot for each channel: bursts, and words with and without parity, over the signal-to-noise ratio.

    points: of one mode or more; the others are not drawn.
    """
    modes = [mode for mode in COLORS if any(point.mode == mode for point in points)]
    ratios = [point.snr_db for point in points]
    low, high = 5 * floor(min(ratios) / 5), 5 * ceil(max(ratios) / 5)  # round ends give round ticks
    plots: list[Markup] = []
    for channel in CHANNELS:
        plot = Plot(
            f"What arrives through {channel}",
            linear_axis(low, high, "signal to noise in 3 kHz, dB", "{:g}".format),
            linear_axis(0, 1, "share that arrives", "{:.0%}".format),
        )
        for mode in modes:
            color = COLORS[mode]
            own = [point for point in points if (point.mode, point.channel) == (mode, channel)]
            styles = _styles(color)
            for name, values in (
                ("bursts", [point.bursts for point in own]),
                ("words", [point.words for point in own]),
                ("words, parity", [point.words_with_parity for point in own]),
            ):
                pairs = [(point.snr_db, value) for point, value in zip(own, values, strict=True) if value == value]
                if pairs:
                    plot.line(pairs, styles[name])
                for pair in pairs:
                    plot.marker(pair, styles[name], f"{mode.upper()}, {name}, {pair[0]:g} dB: {pair[1]:.0%}")
        plots.append(Markup("<h2>{}</h2><figure>{}</figure>").format(channel.capitalize(), plot.render()))
    keys = [(f"{mode.upper()} {name}", style) for mode in modes for name, style in _styles(COLORS[mode]).items()]
    return legend(keys) + Markup().join(plots)


def _styles(color: str) -> dict[str, Style]:
    return {
        "bursts": Style(color, "circle", "2 3", hollow=True),
        "words": Style(color, "square", "6 3", hollow=True),
        "words, parity": Style(color, "diamond"),
    }


def _message(data: bytes, mode: str) -> tuple[Packed, list[int]]:
    """Return packets with parity, and the number of words in each of the others; none if it does not fit."""
    size = Modem(mode).frame_bytes
    try:
        packed = pack(data, size, PARITY)
    except InputError:
        random = np.random.default_rng(1)
        return Packed(tuple(random.bytes(size) for _ in range(SHORT_MESSAGES)), 0), []
    return packed, [_words(packet) for packet in packed.packets[: -packed.parity]]


def _words(packet: bytes) -> int:
    (payload,) = Inbox().push(packet, 0.0).payloads
    return sum(len(utterance.text.split()) for utterance in payload.utterances)


if __name__ == "__main__":
    try:
        main()
    except SpeechzipError as error:
        sys.exit(f"speechzip: {error}")
