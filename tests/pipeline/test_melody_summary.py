from __future__ import annotations

import json

from fakes import FakeTextCoder
from speechzip.pipeline import Melody, Payload, Speaker, Utterance, VoiceReference, decode_payload, encode_payload
from speechzip.pipeline.summary import payload_lines, summarize_payload

CODER = FakeTextCoder()


def test_inspect_shows_melodies() -> None:
    said = (
        Utterance(0.5, 1.0, 0, "You too?", melody=Melody((3, 0, -3), 6, -6)),
        Utterance(2.0, 1.0, 0, "Yes."),
        Utterance(4.0, 1.0, 0, "No!", melody=Melody(loudness=6)),
    )
    decoded = decode_payload(encode_payload(Payload((Speaker(VoiceReference(1)),), said, 6.0), CODER), {0: CODER})
    summary = json.loads(json.dumps(summarize_payload(decoded)))
    assert [utterance["melody"] for utterance in summary["utterances"]] == [
        {"pitch_semitones": [3, 0, -3], "rise_semitones": 6, "loudness_db": -6},
        None,
        {"pitch_semitones": [], "rise_semitones": 0, "loudness_db": 6},
    ]
    assert summary["format_version"] == 4
    assert summary["sections"]["melody"] in (3, 4)
    lines = payload_lines(summarize_payload(decoded))
    assert [line.split("  ")[-1] for line in lines if "speaker 1  " in line] == [
        "You too? {pitch +3 +0 -3, end +6, -6 dB}",
        "Yes.",
        "No! {+6 dB}",
    ]
