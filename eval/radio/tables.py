"""Packets, bytes and seconds of recordings over every link, and the words that arrive where packets are lost.

    python -m speechzip.eval.radio.tables recordings/        # prints tables in Markdown

Payloads and the sizes of packets are kept in ``radio-tables/``, so that a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from math import comb
from pathlib import Path

from speechzip.pipeline import (
    InputError,
    Payload,
    SpeechzipError,
    compress,
    open_recording,
    printable,
    read_payload,
)
from speechzip.pipeline.links import PRESETS, Burst, pack

from ..corpora.layouts import read_corpus
from ..types import Corpus

SHORTEST_S = 30.0
"""Shorter recordings are single utterances."""
LOSSES = (0.0, 0.1, 0.3)
PARITIES = (0, 2)
CACHE = Path("radio-tables")

OWN_BYTES = {"sms-long": 6}
"""Link without a modem -> bytes that it adds to each packet; the others add none."""
BURST_CRC_BYTES = 2
"""A burst of the HF modem is filled up, and has these, too."""
LXMF_RECEIPT = 83


@dataclass(frozen=True, slots=True)
class CorpusPayload:
    """A recording as a payload."""

    name: str
    """Its path below the corpus."""
    data: bytes
    """Its payload."""
    payload: Payload
    """The same, decoded."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A payload over a link."""

    packets: tuple[int, ...]
    """Bytes of each packet."""
    airtime_s: float | None
    """Seconds on the air; None where the network decides."""
    on_air: int
    """Bytes, with what the link adds to each packet."""
    words: tuple[float, ...]
    """Share of the words to be expected at each of `LOSSES`."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables of a corpus."""
    parser = argparse.ArgumentParser(description="Packets and words over every link.")
    parser.add_argument("corpus", help="folder of recordings, as for speechzip eval")
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder that keeps payloads and sizes")
    options = parser.parse_args(arguments)
    spoken = list(read_spoken(read_corpus(options.corpus), options.cache))
    for line in tables(spoken, Packing(options.cache / "packets.jsonl")):
        print(line)


def read_spoken(corpus: Corpus, cache: Path) -> Iterator[CorpusPayload]:
    """Yield the recordings of at least `SHORTEST_S` in which somebody speaks, compressed or from the cache."""
    cache.mkdir(parents=True, exist_ok=True)
    for item in corpus.items:
        try:
            if open_recording(item.path).duration_s < SHORTEST_S:
                continue
            digest = hashlib.sha256(item.path.read_bytes() + version("speechzip").encode()).hexdigest()[:16]
            path = cache / f"{digest}.spz"
            if not path.exists():
                print(f"compressing {item.id}", file=sys.stderr)
                path.write_bytes(compress(item.path).data)
            data = path.read_bytes()
            payload = read_payload(path).payload
        except SpeechzipError as error:
            print(printable(f"{item.id} is left out: {error}"), file=sys.stderr)
            continue
        if payload.utterances:
            yield CorpusPayload(item.id, data, payload)


class Packing:
    """The sizes of packets, each computed once."""

    def __init__(self, kept: Path | None = None) -> None:
        """Read the file of earlier sizes, to which new ones are added; None for none."""
        lines = kept.read_text("ascii").splitlines() if kept is not None and kept.exists() else []
        self._kept = kept
        self._known = {(digest, size, parity): sizes for digest, size, parity, sizes in map(json.loads, lines)}

    def sizes(self, data: bytes, size: int, parity: int) -> tuple[int, ...] | None:
        """Return the bytes of each packet of a payload, parity last; None if it does not fit."""
        key = hashlib.sha256(data).hexdigest()[:16], size, parity
        if key not in self._known:
            self._known[key] = _sizes(data, size, parity)
            if self._kept is not None:
                with self._kept.open("a", encoding="ascii") as file:
                    file.write(json.dumps([*key, self._known[key]]) + "\n")
        sizes = self._known[key]
        return None if sizes is None else tuple(sizes)


def _sizes(data: bytes, size: int, parity: int) -> list[int] | None:
    try:
        return list(map(len, pack(data, size, parity).packets))
    except InputError:
        return None


def send(data: bytes, link: str, parity: int, packing: Packing) -> Sent | None:
    """Return what sending a payload over a link takes; None where it does not fit."""
    preset = PRESETS[link]
    sizes = packing.sizes(data, preset.size, parity)
    if sizes is None:
        return None
    airtime_s = None if preset.modem is None else sum(map(preset.modem.seconds, sizes))
    fragments = len(sizes) - parity
    return Sent(
        sizes,
        airtime_s,
        sum(on_air(link, size) for size in sizes),
        tuple(words_that_arrive(fragments, parity, loss) for loss in LOSSES),
    )


def on_air(link: str, size: int) -> int:
    """Return the bytes of a packet of `size` bytes with what the link adds to it; a link's own coding apart."""
    if link == "lxmf":
        # Reticulum's header 19, key 32, IV 16, HMAC 32, and AES blocks around LXMF's message less its address: ours and
        # 117 bytes of addresses, signature, time and fields. The receipt comes back.
        return 99 + 16 * ((size + 117 - 16) // 16 + 1) + LXMF_RECEIPT
    preset = PRESETS[link]
    if isinstance(preset.modem, Burst):
        return preset.size + BURST_CRC_BYTES
    return size + (preset.modem.overhead if preset.modem else OWN_BYTES.get(link, 0))


def words_that_arrive(fragments: int, parity: int, loss: float) -> float:
    """Return the share of the words to be expected if each packet is lost by itself with the probability `loss`.

    A packet's words arrive with it, or if enough of the others arrive to restore it: any `fragments` of them.

    Args:
        fragments: packets with words.
        parity: packets more.
        loss: [0, 1].
    """
    others = fragments + parity - 1
    enough = sum(
        comb(others, count) * (1 - loss) ** count * loss ** (others - count) for count in range(fragments, others + 1)
    )
    return (1 - loss) + loss * enough


def tables(spoken: Sequence[CorpusPayload], packing: Packing) -> Iterator[str]:
    """Yield the lines of all tables in Markdown."""
    sent = {
        (each.name, link, parity): send(each.data, link, parity, packing)
        for each in spoken
        for link in PRESETS
        for parity in PARITIES
    }
    for parity in PARITIES:
        yield f"Packets, bytes and seconds on the air, with {parity} parity packets:"
        yield ""
        yield from _rows(["recording", "s", "bytes", *PRESETS])
        for each in spoken:
            cells = [_cell(sent[each.name, link, parity]) for link in PRESETS]
            yield from _row([printable(each.name), f"{each.payload.duration_s:.0f}", len(each.data), *cells])
        yield ""
    yield "Words to be expected where each packet is lost by itself; bytes that are added, means over the recordings:"
    yield ""
    heads = [f"{100 * loss:.0f} % lost, {parity} parity" for parity in PARITIES for loss in LOSSES]
    yield from _rows(["link", "fit", "packets", *heads, "bytes by cutting", "by the link", "by 2 parity packets"])
    for link in PRESETS:
        yield from _row([link, *_means(link, spoken, sent)])


def _means(link: str, spoken: Sequence[CorpusPayload], sent: dict[tuple[str, str, int], Sent | None]) -> list[object]:
    found = [(each, sent[each.name, link, 0], sent[each.name, link, 2]) for each in spoken]
    fitting = [(each, plain, safe) for each, plain, safe in found if plain and safe]
    if not fitting:
        return ["0"]
    count = len(fitting)
    ways = [plain for _, plain, _ in fitting], [safe for _, _, safe in fitting]

    def mean(values: Sequence[float]) -> float:
        return sum(values) / count

    shares = [f"{100 * mean([one.words[place] for one in way]):.0f} %" for way in ways for place in range(len(LOSSES))]
    return [
        f"{count} of {len(spoken)}",
        f"{mean([len(plain.packets) for _, plain, _ in fitting]):.1f}",
        *shares,
        f"{mean([sum(plain.packets) - len(each.data) for each, plain, _ in fitting]):.0f}",
        f"{mean([plain.on_air - sum(plain.packets) for _, plain, _ in fitting]):.0f}",
        f"{mean([safe.on_air - plain.on_air for _, plain, safe in fitting]):.0f}",
    ]


def _cell(sent: Sent | None) -> str:
    if sent is None:
        return "-"
    air = "" if sent.airtime_s is None else f", {sent.airtime_s:.1f} s"
    return f"{len(sent.packets)}, {sum(sent.packets)}{air}"


def _rows(heads: Sequence[object]) -> Iterator[str]:
    yield from _row(heads)
    yield f"|---|{'---:|' * (len(heads) - 1)}"


def _row(cells: Sequence[object]) -> Iterator[str]:
    yield f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    try:
        main()
    except SpeechzipError as error:
        sys.exit(f"speechzip: {error}")
