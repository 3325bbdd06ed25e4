# What the tests use of openai-whisper, typed.
LANGUAGES: dict[str, str]

class Tokenizer:
    eot: int
    no_speech: int
    def encode(self, text: str) -> list[int]: ...
    def to_language_token(self, language: str) -> int: ...

def get_tokenizer(multilingual: bool, *, num_languages: int) -> Tokenizer: ...
