# Types of the parts of openai-whisper's tokenizer that speechzip and its tests use.
LANGUAGES: dict[str, str]

class Tokenizer:
    eot: int
    no_speech: int
    def encode(self, text: str) -> list[int]: ...
    def to_language_token(self, language: str) -> int: ...

def get_tokenizer(
    multilingual: bool, *, num_languages: int, language: str | None = None, task: str | None = None
) -> Tokenizer: ...
