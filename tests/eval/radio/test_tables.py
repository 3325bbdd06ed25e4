"""Tables of links: what is expected to arrive is what arrives, and what a link adds is what its own library adds."""

from __future__ import annotations

import itertools
from math import prod
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from fakes import GOLDEN
from speechzip.eval.radio import tables
from speechzip.eval.radio.tables import CorpusPayload, Packing, on_air, read_spoken, send, words_that_arrive
from speechzip.eval.types import Corpus, Item
from speechzip.pipeline import TEXT_CODERS, decode_payload
from speechzip.pipeline.links import PRESETS, Inbox, pack

DATA = bytes.fromhex((GOLDEN / "two-channels.hex").read_text("ascii"))
SAID = decode_payload(DATA, TEXT_CODERS).payload


@pytest.mark.parametrize(("parity", "loss"), [(0, 0.3), (1, 0.1), (2, 0.3)])
def test_the_words_to_be_expected_are_those_of_every_pattern_of_losses(parity: int, loss: float) -> None:
    packets = pack(DATA, 60, parity).packets
    count = sum(len(utterance.text.split()) for utterance in SAID.utterances)
    expected = 0.0
    words_of_loss: list[float] = []
    for came in itertools.product([False, True], repeat=len(packets)):
        inbox = Inbox()
        arrived = [packet for packet, is_there in zip(packets, came, strict=True) if is_there]
        payloads = [payload for packet in arrived for payload in inbox.push(packet, 0.0).payloads]
        words = sum(len(utterance.text.split()) for payload in payloads for utterance in payload.utterances)
        expected += words / count * prod(1 - loss if is_there else loss for is_there in came)
        words_of_loss.append(words / count)
    assert max(words_of_loss) == 1.0
    assert words_that_arrive(len(packets) - parity, parity, loss) == pytest.approx(expected)


def test_without_loss_everything_arrives_and_a_pair_of_parity_packets_halves_what_is_lost() -> None:
    assert [words_that_arrive(4, parity, 0.0) for parity in (0, 2)] == [1.0, 1.0]
    assert words_that_arrive(1, 0, 0.3) == pytest.approx(0.7)
    assert words_that_arrive(1, 2, 0.3) == pytest.approx(1 - 0.3**3)


@pytest.mark.parametrize("size", [1, 134, 182, 228, 281])
def test_lxmf_adds_what_its_own_library_adds(size: int) -> None:
    rns, lxmf = pytest.importorskip("RNS"), pytest.importorskip("LXMF")
    ours = rns.Destination(rns.Identity(), rns.Destination.OUT, rns.Destination.SINGLE, "lxmf", "delivery")
    theirs = rns.Destination(rns.Identity(), rns.Destination.OUT, rns.Destination.SINGLE, "lxmf", "delivery")
    fields = {lxmf.FIELD_AUDIO: [lxmf.AM_CUSTOM, bytes(size)]}
    message = lxmf.LXMessage(theirs, ours, "", fields=fields, desired_method=lxmf.LXMessage.OPPORTUNISTIC)
    message.pack()
    assert message.method == lxmf.LXMessage.OPPORTUNISTIC  # one packet of Reticulum; 282 bytes need a link
    packet = message._LXMessage__as_packet()
    packet.pack()
    assert on_air("lxmf", size) - tables.LXMF_RECEIPT == len(packet.raw)


def test_what_a_link_takes() -> None:
    plain, safe = send(DATA, "datac4", 0, Packing()), send(DATA, "datac4", 2, Packing())
    assert plain is not None
    assert safe is not None
    assert len(safe.packets) >= len(plain.packets) + 2
    assert plain.on_air == 56 * len(plain.packets)
    assert plain.airtime_s == pytest.approx(5.39 * len(plain.packets), abs=0.1)
    assert send(DATA, "datac13", 0, Packing()) is None
    whole = send(DATA, "meshtastic", 0, Packing())
    assert whole is not None
    assert (whole.packets, whole.on_air, whole.words) == ((len(DATA),), len(DATA) + 24, (1.0, 0.9, 0.7))


def test_the_tables_have_a_row_for_each_recording_and_each_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, spoken = tmp_path / "packets.jsonl", [CorpusPayload("call.wav", DATA, SAID)]
    lines = list(tables.tables(spoken, Packing(kept)))
    monkeypatch.setattr(tables, "pack", None)  # the second time, nothing is packed
    assert list(tables.tables(spoken, Packing(kept))) == lines
    assert sum(line.startswith("| call.wav |") for line in lines) == len(tables.PARITIES)
    for link in PRESETS:
        assert sum(line.startswith(f"| {link} |") for line in lines) == 1
    (row,) = (line for line in lines if line.startswith("| meshtastic |"))
    assert row.startswith("| meshtastic | 1 of 1 | 1.0 | 100 % | 90 % | 70 % | 100 % |")


def test_short_recordings_are_left_out_and_payloads_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compressed: list[str] = []

    def compress(path: Path) -> SimpleNamespace:
        compressed.append(path.name)
        return SimpleNamespace(data=DATA)

    monkeypatch.setattr(tables, "compress", compress)
    for name, seconds in (("short", 3), ("long", 31)):
        soundfile.write(str(tmp_path / f"{name}.wav"), np.zeros(seconds * 8000, np.float32), 8000)
    items = tuple(Item(f"{name}.wav", tmp_path / f"{name}.wav", ()) for name in ("short", "long"))
    for _ in range(2):
        (spoken,) = read_spoken(Corpus("test", "manifest", items), tmp_path / "kept")
        assert (spoken.name, spoken.data) == ("long.wav", DATA)
    assert compressed == ["long.wav"]
