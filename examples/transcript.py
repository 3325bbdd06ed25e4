"""Print a payload as a transcript, without making sound: `python transcript.py call.spz`."""

from __future__ import annotations

import sys

from speechzip.pipeline import SpeechzipError, printable, read_payload

try:
    payload = read_payload(sys.argv[1]).payload
except SpeechzipError as error:
    sys.exit(f"{sys.argv[1]}: {error}")
for utterance in payload.utterances:
    minutes, seconds = divmod(utterance.start_s, 60)
    unsure = " (unsure)" if utterance.confidence < 0.75 else ""
    text = printable(utterance.shown_text)  # words of a stranger must not steer the terminal
    print(f"{minutes:02.0f}:{seconds:04.1f} speaker {utterance.speaker + 1}{unsure}: {text}")
