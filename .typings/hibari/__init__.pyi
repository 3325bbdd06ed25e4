# Types of the parts of hibari-tts that speechzip uses.
from onnxruntime import InferenceSession

class Hibari:
    model_path: str
    sess: InferenceSession
    def phonemize(self, text: str) -> list[str]: ...
    def ids(self, phonemes: str) -> list[int]: ...
