# Types of the parts of sentencepiece that the tests use.
from collections.abc import Iterator
from io import BytesIO

class SentencePieceTrainer:
    @staticmethod
    def train(
        *,
        sentence_iterator: Iterator[str],
        model_writer: BytesIO,
        model_type: str,
        vocab_size: int,
        hard_vocab_limit: bool,
        character_coverage: float,
        minloglevel: int,
    ) -> None: ...
