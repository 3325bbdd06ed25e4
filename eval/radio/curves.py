"""The share of a message that arrives through a short-wave channel: curves over the signal-to-noise ratio."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor

import numpy as np
from markupsafe import Markup
from speechzip.pipeline import InputError
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


def measure_all(data: bytes, tell: Callable[[CurvePoint], None]) -> list[CurvePoint]:
    """Return all points, and report each when it is measured: this takes some minutes of processor time."""
    points: list[CurvePoint] = []
    for mode, ratios in SNRS_DB.items():
        for channel in CHANNELS.values():
            for snr_db in ratios:
                points.append(measure(data, mode, channel, snr_db))
                tell(points[-1])
    return points


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
