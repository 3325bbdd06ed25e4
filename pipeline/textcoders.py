"""Text to bytes and back: the coders that this release knows, by the id that a payload carries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import brotli

from .errors import PayloadCorrupt, TextError
from .protocols import TextCoder
from .types import MAX_TEXT_BYTES

PLAIN, BROTLI = 0, 1
"""First byte of the code: what the rest is."""


class BrotliTextCoder:
    """Interim: all texts in one Brotli stream (RFC 7932), or plain UTF-8 where that is shorter.

    Texts are joined by newlines; a newline or backslash inside one is escaped by a backslash.

    Example:
        >>> coder = BrotliTextCoder()
        >>> coder.decode(coder.encode(["Hello there.", "Hi!"]), 2)
        ['Hello there.', 'Hi!']
    """

    id = 0
    name = "brotli"

    def encode(self, texts: Sequence[str]) -> bytes:
        """Return the code of `texts`; see `TextCoder.encode`."""
        if not any(texts):
            return b""
        joined = "\n".join(text.replace("\\", "\\\\").replace("\n", "\\n") for text in texts)
        try:
            plain = joined.encode()
        except UnicodeEncodeError as error:
            surrogate = f"U+{ord(joined[error.start]):04X}"
            raise TextError(
                f"the text holds a lone surrogate ({surrogate}), which is no character; remove it"
            ) from error
        if len(plain) > MAX_TEXT_BYTES:
            raise TextError(
                f"the text has {len(plain)} bytes; {MAX_TEXT_BYTES} is the most: cut the recording in parts"
            )
        packed = brotli.compress(plain, mode=brotli.MODE_TEXT, quality=11)
        return bytes([BROTLI]) + packed if len(packed) < len(plain) else bytes([PLAIN]) + plain

    def decode(self, code: bytes, count: int) -> list[str]:
        """Return `count` texts; see `TextCoder.decode`."""
        if not code:
            return [""] * count
        if code[0] > BROTLI:
            raise PayloadCorrupt(f"the payload's text is coded in way {code[0]}, which does not exist")
        plain = code[1:] if code[0] == PLAIN else _decompress(code[1:])
        try:
            texts = [_unescape(text) for text in plain.decode().split("\n")]
        except UnicodeDecodeError as error:
            raise PayloadCorrupt("the payload's text is not UTF-8") from error
        if len(texts) != count:
            raise PayloadCorrupt(f"the payload has {count} utterances and {len(texts)} texts")
        return texts


LOADERS: dict[int, Callable[[], TextCoder]] = {BrotliTextCoder.id: BrotliTextCoder}
"""Text coder id -> what loads the coder."""

DEFAULT_ID = BrotliTextCoder.id


class TextCoders(Mapping[int, TextCoder]):
    """Every coder of this release by id, each loaded when it is first asked for."""

    def __init__(self) -> None:
        self._loaded: dict[int, TextCoder] = {}

    def __getitem__(self, coder_id: int) -> TextCoder:
        if coder_id not in self._loaded:
            self._loaded[coder_id] = LOADERS[coder_id]()
        return self._loaded[coder_id]

    def __contains__(self, coder_id: object) -> bool:
        return coder_id in LOADERS

    def __iter__(self) -> Iterator[int]:
        return iter(LOADERS)

    def __len__(self) -> int:
        return len(LOADERS)


TEXT_CODERS = TextCoders()


def _decompress(packed: bytes) -> bytes:
    decompressor = brotli.Decompressor()
    try:
        plain = decompressor.process(packed, output_buffer_limit=MAX_TEXT_BYTES + 1)
    except brotli.error as error:
        raise PayloadCorrupt("the payload's text cannot be unpacked") from error
    if len(plain) > MAX_TEXT_BYTES or not decompressor.is_finished():
        raise PayloadCorrupt("the payload's text is cut short or longer than a day of talk")
    return plain


def _unescape(text: str) -> str:
    return text.replace("\\\\", "\0\0").replace("\\n", "\n").replace("\0\0", "\\") if "\\" in text else text
