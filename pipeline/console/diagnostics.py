"""What the command line says when something goes wrong, and what it shows of the work on request.

The library raises errors in its own words, and names remedies (`errors.Remedy`). Here they get the names of options.
"""

from __future__ import annotations

import logging

from ..errors import Remedy, SpeechzipError
from .display import printable

HINTS: dict[Remedy, str] = {
    "accept_license": "if you accept it, run: speechzip voices license --accept",
    "another_address": "choose another --port or --host",
    "another_file": "name another file with --output",
    "another_folder": "name another folder with --output",
    "another_recognizer": "choose another with --recognizer, such as whisper:small",
    "another_report": "name another folder with --out",
    "another_synthesizer": "choose another with --synthesizer",
    "connect_timeout": "try longer with --connect-timeout",
    "enroll": "enroll it: speechzip voices enroll NAME AUDIO --voice-encoder ENGINE",
    "force": "give --force to overwrite",
    "mark_unread": "let it travel as a mark with --unread mark",
    "max_duration": "allow more with --max-hours",
    "mix": "give --channels mix",
    "no_speaker_count": "leave out --speaker-count",
    "no_split": "leave out --channels split",
    "rebuild_index": "make it again: speechzip index ARCHIVE --rebuild",
    "sound_files": "use --input and --output instead",
    "trained_voice": "measure with --voice-encoder trained",
}
"""Remedy -> the option of the command line that it is."""


def explain(error: SpeechzipError) -> str:
    """Return what went wrong, and the options that would help.

    Example:
        >>> from speechzip.pipeline import OutputError
        >>> explain(OutputError("call.spz already exists", remedies=("force", "another_file")))
        'call.spz already exists; give --force to overwrite or name another file with --output'
    """
    hints = " or ".join(HINTS[remedy] for remedy in error.remedies)
    return f"{error}; {hints}" if hints else str(error)


def show_log() -> None:
    """Show on standard error what speechzip logs; the library itself shows nothing."""
    handler = logging.StreamHandler()
    handler.setFormatter(_PrintableFormatter("%(relativeCreated)7.0f ms  %(name)s: %(message)s"))
    log = logging.getLogger("speechzip")
    log.handlers = [handler]
    log.setLevel(logging.DEBUG)


class _PrintableFormatter(logging.Formatter):
    """Log lines and tracebacks hold text from files and peers: none of it steers the terminal."""

    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(printable(line.expandtabs()) for line in super().format(record).splitlines())
