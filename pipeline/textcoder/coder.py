"""The text coder: texts to the text section of a payload, and back.

    offset  size  meaning
    0       1     0xFF: plain. Otherwise the first byte of a range code.

    plain   0xFF, UTF-8 of the first text, 0xFF, UTF-8 of the second, ... (0xFF never occurs in UTF-8)
    coded   one range code: the symbol [0, 255) of 256, then every token of every text in order, END after each text

The shorter of the two is sent, so the texts never take more than their UTF-8 and one byte each. Texts that are all
empty are sent as nothing. The section's length and the number of texts are known from the payload around it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Protocol

from ..errors import PayloadCorrupt, TextError
from ..payload.coding.rangecoder import RangeDecoder, RangeEncoder
from ..payload.coding.symbols import WORK_PER_BYTE
from ..payload.plaintext import utf8
from ..protocols import Interval, SymbolSource
from ..types import MAX_TEXT_BYTES
from .predictor import Odds
from .tokens import END, START

PLAIN = 0xFF
MAX_TOKENS_PER_BYTE = 8
"""A code holds at most this many tokens for each byte, and one for each text, since hostile bytes cost time..."""
SPARE_TOKENS, LONG_TOKENS_PER_BYTE = 1024, 2
"""...at most this many and 2 for each byte (real talk: 1.5 to 2.2, measured from its start on at most 211 and 2)..."""
MAX_TOKENS = 1 << 18
"""...and at most this many in all: a day of talk without a pause, at 180 tokens a minute."""

_TOO_MUCH_TEXT = f"the payload's texts have more than {MAX_TEXT_BYTES} bytes, which is the most; it is damaged"

_TOO_MANY_TOKENS = (
    "the text is longer than this text coder takes in one payload: choose another coder, or split the recording"
)

_CODED = (0, 255, 256)  # the first symbol; its counterpart [255, 256) is the first byte 0xFF


class TokenPredictor(Protocol):
    """One conversation: `predict` the next token, then `update` with the actual one."""

    def predict(self) -> Odds:
        """Return the odds of the next token."""
        ...

    def update(self, token: int) -> None:
        """Learn the predicted token, and advance."""
        ...

    def intervals(self, tokens: Sequence[int]) -> list[Interval]:
        """Return the interval of each token after those before it; advance by all but the last one."""
        ...

    def fork(self) -> TokenPredictor:
        """Return an independent copy in the same state; only before `predict`."""
        ...


class TokenModel(Protocol):
    """What is loaded once, and predicts tokens."""

    def start(self) -> TokenPredictor:
        """Return the predictor of a conversation's first token."""
        ...

    def bits(self, texts: Sequence[Sequence[int]]) -> list[float]:
        """Return the bits of the tokens of each text, at least one, at the start of a conversation."""
        ...


class Tokens(Protocol):
    """The tokens of a model: `END`, `START`, and what texts are made of."""

    def encode(self, text: str) -> list[int]:
        """Return the token ids of one utterance, `END` included."""
        ...

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of the token ids of one utterance (without `END`).

        Raises:
            PayloadCorrupt: they are no text.
        """
        ...


class LanguageModelCoder:
    """Code English talk with the project's own language model, other text as UTF-8.

    Example:
        >>> from speechzip.pipeline.textcoder import load_text_coder
        >>> coder = load_text_coder(1)
        >>> code = coder.encode(["Hello, how are you?", "I'm fine, thank you."])
        >>> len(code)
        3
        >>> coder.decode(code, 2)
        ['Hello, how are you?', "I'm fine, thank you."]
    """

    def __init__(
        self,
        coder_id: int,
        name: str,
        model: TokenModel,
        vocabulary: Tokens,
        tokens_per_byte: int | Fraction = LONG_TOKENS_PER_BYTE,
        most_tokens: int | None = None,
    ) -> None:
        """Make a coder.

        Args:
            coder_id: its number in a payload.
            name: for `inspect` and reports.
            model: predicts the tokens.
            vocabulary: makes tokens of texts.
            tokens_per_byte: how many a long code may hold for each of its bytes, at most `MAX_TOKENS_PER_BYTE`.
            most_tokens: how many a payload may hold in all; None for the limits of the formats.
        """
        self._id, self._name = coder_id, name
        self._model, self._vocabulary = model, vocabulary
        self._tokens_per_byte, self._most_tokens = tokens_per_byte, most_tokens

    @property
    def id(self) -> int:
        """Number of the coder and its model in a payload."""
        return self._id

    @property
    def name(self) -> str:
        """Name of the coder, for `inspect` and reports."""
        return self._name

    def encode(self, texts: Sequence[str]) -> bytes:
        """Return the code of `texts`, in order; each text is context for the next.

        Raises:
            TextError: a text holds a lone surrogate, or together they are longer than `MAX_TEXT_BYTES` as UTF-8.
        """
        if not any(texts):
            return b""
        plain = b"".join(bytes([PLAIN]) + utf8(text) for text in texts)
        if len(plain) - len(texts) > MAX_TEXT_BYTES:
            raise TextError(
                f"the text has {len(plain) - len(texts)} bytes, of at most {MAX_TEXT_BYTES}: "
                "split the recording into parts"
            )
        tokens = [token for text in texts for token in self._vocabulary.encode(text)]
        if len(tokens) > (self._most_tokens or MAX_TOKENS + len(texts)):
            return plain
        coded = self._encode_tokens(tokens, len(texts))
        return coded if len(coded) < len(plain) else plain

    def decode(self, code: bytes, count: int) -> list[str]:
        """Return the `count` texts that `code` stands for.

        Raises:
            PayloadCorrupt: `code` is not a result of `encode` for `count` texts.
        """
        if not code:
            return [""] * count
        if not count:
            raise PayloadCorrupt(f"the text section holds {len(code)} bytes for no utterances; the payload is damaged")
        if code[0] == PLAIN:
            return _decode_plain(code, count)
        return self._decode_coded(code, count)

    def stream(self) -> TokenStream:
        """Return the state in which a payload of formats 2 to 4 begins."""
        work = WORK_PER_BYTE // self._tokens_per_byte
        return TokenStream(self._model.start(), self._vocabulary, work, self._most_tokens or sys.maxsize)

    def bits(self, texts: Sequence[str]) -> list[float]:
        """Return the bits that each of one or more texts would take as the first one of a payload."""
        return self._model.bits([self._vocabulary.encode(text) for text in texts])

    def _encode_tokens(self, tokens: Sequence[int], count: int) -> bytes:
        encoder = RangeEncoder()
        encoder.encode(*_CODED)
        for interval in self._model.start().intervals(tokens):
            encoder.encode(*interval)
        return _padded(encoder.finish(), len(tokens), count, self._tokens_per_byte)

    def _decode_coded(self, code: bytes, count: int) -> list[str]:
        decoder = RangeDecoder(code)
        decoder.consume(*_CODED)
        check = RangeEncoder()  # encodes the result again: the bytes must match `code`
        check.encode(*_CODED)
        predictor = self._model.start()
        texts: list[str] = []
        tokens: list[int] = []
        most = max_tokens(len(code), count, self._tokens_per_byte)
        most = left = min(most, self._most_tokens or most)
        room = MAX_TEXT_BYTES
        while True:
            odds = predictor.predict()
            token = odds.token_at(decoder.target(odds.total))
            interval = odds.interval(token)
            decoder.consume(*interval)
            check.encode(*interval)
            left -= 1
            if token == START:
                raise PayloadCorrupt("the text section decodes to no text; the payload is damaged")
            if left < 0:
                raise PayloadCorrupt(
                    f"the text section holds more than {most} tokens in {len(code)} bytes; {most} is the most"
                )
            if token != END:
                tokens.append(token)
            else:
                texts.append(_text_of(tokens, self._vocabulary))
                tokens = []
                room -= len(texts[-1].encode("utf-8"))
                if room < 0:
                    raise PayloadCorrupt(_TOO_MUCH_TEXT)
                if len(texts) == count:
                    break
            predictor.update(token)
        if _padded(check.finish(), most - left, count, self._tokens_per_byte) != code:
            raise PayloadCorrupt("the text section goes on after its last text, or ends early; the payload is damaged")
        return texts


class TokenStream:
    """The texts of one payload as tokens inside of its range code, `END` after each; the predictor runs on."""

    def __init__(self, predictor: TokenPredictor, vocabulary: Tokens, work: int, room: int) -> None:
        self._predictor, self._vocabulary = predictor, vocabulary
        self.work = work
        self._room = room  # tokens that may still come
        self._last: int | None = None  # a token that the predictor has not consumed: it may be the payload's last

    def intervals(self, text: str) -> list[Interval]:
        """Return the symbols of a text that is not empty; it is context for the next one.

        Raises:
            TextError: the text holds a lone surrogate, or the texts have more tokens than a payload may hold.
        """
        utf8(text)
        tokens = self._vocabulary.encode(text)
        self._room -= len(tokens)
        if self._room < 0:
            raise TextError(_TOO_MANY_TOKENS)
        self._catch_up()
        self._last = tokens[-1]
        return self._predictor.intervals(tokens)

    def decode(self, reader: SymbolSource) -> str:
        """Return the next text.

        Raises:
            PayloadCorrupt: the symbols are not a text, or not those that `intervals` returns for it.
        """
        tokens: list[int] = []
        while True:
            self._room -= 1
            if self._room < 0:
                raise PayloadCorrupt("the payload has more words than its text coder takes; it is damaged")
            odds = self._next()
            token = self._last = odds.token_at(reader.target(odds.total))
            reader.consume(*odds.interval(token))
            if token == START:
                raise PayloadCorrupt("the payload's words decode to no text; it is damaged")
            if token == END:
                return _text_of(tokens, self._vocabulary)
            tokens.append(token)

    def fork(self) -> TokenStream:
        """Return an independent copy of the stream in its present state."""
        self._catch_up()
        return TokenStream(self._predictor.fork(), self._vocabulary, self.work, self._room)

    def _next(self) -> Odds:
        self._catch_up()
        return self._predictor.predict()

    def _catch_up(self) -> None:
        if self._last is not None:
            self._predictor.update(self._last)
            self._last = None


def _text_of(tokens: Sequence[int], vocabulary: Tokens) -> str:
    """Return the text of `tokens`, which must be the tokens that the text is encoded as."""
    text = vocabulary.decode(tokens)
    if vocabulary.encode(text) != [*tokens, END]:
        raise PayloadCorrupt("the payload spells its words in another way than an encoder does; it is damaged")
    return text


def max_tokens(code_length: int, count: int, long_rate: int | Fraction = LONG_TOKENS_PER_BYTE) -> int:
    """Return the most tokens of a code of `code_length` bytes for `count` texts, their ends included.

    Example:
        >>> max_tokens(100, 10), max_tokens(4000, 150)
        (810, 9174)
    """
    long = SPARE_TOKENS + int(long_rate * code_length)
    return min(MAX_TOKENS_PER_BYTE * code_length, long, MAX_TOKENS) + count


def _padded(code: bytes, tokens: int, count: int, long_rate: int | Fraction) -> bytes:
    """Return the code with enough zero bytes appended to allow its number of tokens."""
    words = tokens - count
    short, long = -(-words // MAX_TOKENS_PER_BYTE), -(-(words - SPARE_TOKENS) // long_rate)
    return code.ljust(max(short, long), b"\0")


def _decode_plain(code: bytes, count: int) -> list[str]:
    if len(code) - count > MAX_TEXT_BYTES:
        raise PayloadCorrupt(_TOO_MUCH_TEXT)
    parts = code.split(bytes([PLAIN]))[1:]
    if len(parts) != count:
        raise PayloadCorrupt(f"the text section holds {len(parts)} texts for {count} utterances; it is damaged")
    try:
        return [part.decode("utf-8") for part in parts]
    except UnicodeDecodeError as error:
        raise PayloadCorrupt("the text section is not UTF-8; the payload is damaged") from error
