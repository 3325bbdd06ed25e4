# Types of the parts of coqui-tts that speechzip uses.
class XttsArgs:
    gpt_max_text_tokens: int
    gpt_number_text_tokens: int | None
    gpt_start_text_token: int | None
    gpt_stop_text_token: int | None
    def __init__(self, **values: object) -> None: ...

class XttsAudioConfig: ...

class XttsConfig:
    languages: list[str]
    temperature: float
    length_penalty: float
    repetition_penalty: float
    top_k: int
    top_p: float
    model_args: XttsArgs
    def __init__(self, *, model_args: XttsArgs = ...) -> None: ...
    def load_json(self, file_name: str) -> None: ...
    def save_json(self, file_name: str) -> None: ...
