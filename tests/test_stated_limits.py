"""SECURITY.md states the limits that the code has, and the tests that hold its claims are there.

Those of links are in `tests/pipeline/links/test_limits.py`.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from speechzip.pipeline.archive.serve import speech
from speechzip.pipeline.audio import soundfiles
from speechzip.pipeline.audio.layout import containers
from speechzip.pipeline.decompression import MAX_DURATION_S, MAX_PAYLOAD_BYTES
from speechzip.pipeline.live.limits import LIMITS
from speechzip.pipeline.live.session import synthesis
from speechzip.pipeline.live.wire import frames, messages
from speechzip.pipeline.payload.coding.symbols import FREE_WORK, MOST_WORK, WORK_PER_BYTE
from speechzip.pipeline.payload.limits import MAX_UTTERANCES
from speechzip.pipeline.protocols import MAX_UTTERANCE_S
from speechzip.pipeline.synthesis.work import (
    SHORT_WORK_S,
    SPARE_WORK_S,
    UTTERANCE_WORK_S,
    WORK_PER_BYTE_S,
    WORK_PER_SECOND_S,
)
from speechzip.pipeline.textcoder import coder
from speechzip.pipeline.textcoder.smollm import MOST_TOKENS
from speechzip.pipeline.textcoder.smollm import weights as smollm2
from speechzip.pipeline.textcoder.weights import TOKENS_PER_BYTE
from speechzip.pipeline.types import MAX_LONG_VOICE_BYTES, MAX_TEXT_BYTES
from speechzip.pipeline.unread.sounds import MAX_SOUND_S
from speechzip.voices import espeak
from speechzip.voices.store.voicefile import MAX_FILE_BYTES

ROOT = Path(__file__).parents[1]
WORK = {coder_id: WORK_PER_BYTE // rate for coder_id, rate in TOKENS_PER_BYTE.items()}


@pytest.mark.parametrize(
    "stated",
    [
        # payloads
        f"{WORK_PER_BYTE} b + {FREE_WORK} units of work, and for {MOST_WORK:,} at most",
        f"at most {coder.MAX_TOKENS_PER_BYTE} b tokens, at most {coder.LONG_TOKENS_PER_BYTE} b + {coder.SPARE_TOKENS}, "
        f"and {coder.MAX_TOKENS:,} in all (of `english-2` {float(TOKENS_PER_BYTE[2])} b + {coder.SPARE_TOKENS})",
        f"at most {MAX_UTTERANCES:,} utterances and {MAX_TEXT_BYTES >> 20} MiB of text",
        f"a token of English is {WORK[2]} units ({WORK[1]} with `english-1`)",
        f"no payload of up to 4,096 bytes decodes to more than {int(TOKENS_PER_BYTE[2] * 4096) + coder.SPARE_TOKENS:,} "
        f"tokens ({coder.LONG_TOKENS_PER_BYTE * 4096 + coder.SPARE_TOKENS:,})",
        f"none at all to more than {MOST_WORK // WORK[2]:,} ({MOST_WORK // WORK[1]:,})",
        f"at most {MOST_TOKENS:,} of them",
        f"A token of it is {WORK_PER_BYTE // smollm2.TOKENS_PER_BYTE} units, too",
        f"read no more than {MAX_PAYLOAD_BYTES >> 20} MiB of a file",
        # recordings
        f"at most {containers.MAX_CHANNELS} channels, a sample rate of {soundfiles.MIN_SAMPLE_RATE // 1000} to "
        f"{soundfiles.MAX_SAMPLE_RATE // 1000} kHz and a length of at most {soundfiles.LONGEST_S / 3600:g} hours",
        # sound
        f"makes at most {({4: 'four'})[int(MAX_DURATION_S / 3600)]} hours",
        f"cut after {MAX_UTTERANCE_S:g} s for each utterance",
        f"{SPARE_WORK_S:g} s and {WORK_PER_BYTE_S:g} s for each byte",
        f"{SHORT_WORK_S:g} s and {WORK_PER_SECOND_S:g} s for each second of the recording",
        f"an utterance counts as {UTTERANCE_WORK_S:g} s more than its sound",
        f"at most {speech.MAX_BYTES >> 30} GiB",
        f"keeps it busy for {({2: 'two'})[int(espeak.ANSWER_S / 60)]} minutes",
        # voices
        f"A clip or sound has at most {MAX_LONG_VOICE_BYTES} bytes and {MAX_SOUND_S:g} s",
        f"A voice file has at most {MAX_FILE_BYTES >> 10} KiB",
        # live conversations
        f"| {frames.MAX_BODY >> 10} KiB; {messages.MAX_UTTERANCE_BYTES >> 10} KiB; "
        f"{synthesis.MAX_TEXT_CHARACTERS} characters |",
        f"| 1; {LIMITS.ungreeted} (a new connection closes the oldest one first) |",
        f"| {LIMITS.handshake_s:g} s; {LIMITS.handshake_s:g} s more; {LIMITS.silence_s:g} s |",
        f"| {LIMITS.untaken_s:g} s, then an error; {LIMITS.return_s:g} s to come back |",
        f"| {messages.WINDOW}; a peer that sends more is disconnected |",
        f"| {LIMITS.queued}, or {LIMITS.queued_bytes >> 10} KiB |",
        f"| {LIMITS.waiting}, or {LIMITS.waiting_s:g} s of speech (estimated",
        f"| {SPARE_WORK_S:g} s, and {WORK_PER_BYTE_S:g} s for each byte of its payloads;",
        f"| {LIMITS.utterance_s:g} s, whatever an engine returns |",
        f"| {LIMITS.page_ahead_s:g} s; {LIMITS.page_sound_bytes >> 20} MiB; 30 s |",
        f"| {LIMITS.page_reports}; then the oldest are left out",
        f"| shown at most {1 / LIMITS.status_every_s:g} times a second;",
    ],
)
def test_security_md_states_the_limits_of_the_code(stated: str) -> None:
    assert stated in " ".join((ROOT / "SECURITY.md").read_text(encoding="utf-8").split())


def test_every_claim_names_tests_that_exist() -> None:
    page = (ROOT / "docs" / "reference" / "security-tests.md").read_text(encoding="utf-8")
    rows = [line.split(" | ")[1] for line in page.splitlines() if line.startswith("| ") and "`" in line.split(" | ")[1]]
    assert len(rows) > 50
    for row in rows:
        for file, names in re.findall(r"`([\w/]+\.py)`: ((?:`\w+`(?:, )?)+)", row):
            tests = set(
                re.findall(r"^def test_(\w+)", (ROOT / "tests" / file).read_text(encoding="utf-8"), re.MULTILINE)
            )
            assert set(re.findall(r"`(\w+)`", names)) <= tests, (file, names)
    assert sum(row.count("`") for row in rows) == sum(
        2 + names.count("`") for row in rows for _, names in re.findall(r"`([\w/]+\.py)`: ((?:`\w+`(?:, )?)+)", row)
    )


def test_every_section_of_security_md_has_claims() -> None:
    page = (ROOT / "docs" / "reference" / "security-tests.md").read_text(encoding="utf-8")
    words = set(re.findall(r"\w+", " ".join(re.findall(r"^## (.+)$", page, re.MULTILINE)).lower()))
    headings = re.findall(r"^## (.+)$", (ROOT / "SECURITY.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[-1] == "Reporting"
    for heading in headings[:-1]:
        assert set(re.findall(r"\w+", heading.lower())) <= words | {"and"}
