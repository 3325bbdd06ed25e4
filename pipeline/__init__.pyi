# What the front door exports, and where from: read by type checkers and, lazily, at run time.
from .audio import AudioSource, open_recording, resample
from .compression import Compressed, Progress, compress
from .decompression import SpeechzipWarning, decompress, read_payload, render
from .engines import engine_names, load_engine
from .errors import (
    AudioError,
    EngineError,
    InputError,
    NoSpeechError,
    OutputError,
    PayloadCorrupt,
    PayloadError,
    PayloadTruncated,
    PayloadVersionError,
    SpeechzipError,
    TextError,
)
from .files import atomic_file
from .languages import LANGUAGES
from .payload import Decoded, decode_payload, encode_payload
from .protocols import (
    ENGINE_SAMPLE_RATE,
    Recognizer,
    SpeakerEmbedder,
    SpeakerEmbedding,
    Synthesizer,
    TextCoder,
    VoiceEncoder,
)
from .textcoders import TEXT_CODERS
from .types import (
    MAX_VOICE_BYTES,
    VOICE_SPACES,
    Audio,
    Payload,
    Samples,
    Speaker,
    Transcript,
    Utterance,
    Voice,
)

__all__ = [
    "ENGINE_SAMPLE_RATE", "LANGUAGES", "MAX_VOICE_BYTES", "TEXT_CODERS", "VOICE_SPACES",
    "Audio", "AudioError", "AudioSource", "Compressed", "Decoded", "EngineError",
    "InputError", "NoSpeechError", "OutputError", "Payload", "PayloadCorrupt", "PayloadError",
    "PayloadTruncated", "PayloadVersionError", "Progress", "Recognizer", "Samples", "Speaker",
    "SpeakerEmbedder", "SpeakerEmbedding", "SpeechzipError", "SpeechzipWarning", "Synthesizer", "TextCoder",
    "TextError", "Transcript", "Utterance", "Voice", "VoiceEncoder",
    "atomic_file", "compress", "decode_payload", "decompress", "encode_payload", "engine_names",
    "load_engine", "open_recording", "read_payload", "render", "resample",
]  # fmt: skip
