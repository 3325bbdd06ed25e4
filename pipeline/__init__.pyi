# Names of the front door and their modules: read by type checkers, and at run time when a name is first used.
from .archive.archive import Archive
from .audio.downmix import downmix
from .audio.opus import pack_opus, unpack_opus
from .audio.reading import AudioSource, open_recording, resample
from .compression import Compressed, compress
from .console.display import printable, printable_json, shown_name
from .console.progress import progress_bar
from .console.streams import standard_output
from .decompression import decompress, read_payload, render, with_voices
from .engines.loading import engine_names, load_engine, load_recognizer
from .errors import (
    AudioError,
    DeviceError,
    EngineError,
    InputError,
    LinkError,
    LiveError,
    NoSpeechError,
    OutputError,
    PayloadCorrupt,
    PayloadError,
    PayloadTruncated,
    PayloadVersionError,
    ProtocolError,
    QueueFullError,
    SpeechzipError,
    SpeechzipWarning,
    TextError,
    VoiceError,
)
from .languages import LANGUAGES
from .payload.format import Decoded, decode_payload, encode_payload
from .protocols import (
    ENGINE_SAMPLE_RATE,
    MAX_UTTERANCE_S,
    AdaptingVoiceEncoder,
    FittingVoiceEncoder,
    LeadingSynthesizer,
    MelodicSynthesizer,
    MelodyEncoder,
    ParallelRecognizer,
    Progress,
    Recognizer,
    RememberingRecognizer,
    SpeakerEmbedder,
    SpeakerEmbedding,
    StreamingSynthesizer,
    Synthesizer,
    TextCoder,
    VoiceBook,
    VoiceEncoder,
)
from .segments.excerpts import utterance_sounds
from .segments.silero import SileroDetector
from .summary import OPUS_BPS
from .synthesis.sentences import SENTENCE_END, split_sentences
from .synthesis.speaking import lead_s
from .system.atomic import atomic_file, check_writable
from .system.datafolder import data_folder
from .system.inference import open_session
from .system.threads import keep_one_blas_thread, one_blas_thread
from .system.wheels import RECOGNIZER_WHEEL, RECORDINGS, package_folder, recognizer_folder, recognizer_recording
from .textcoder.registry import TEXT_CODERS, text_coders_for
from .types import (
    MAX_LONG_VOICE_BYTES,
    MAX_VOICE_BYTES,
    VOICE_SPACES,
    Audio,
    Contour,
    Melody,
    Payload,
    Samples,
    Speaker,
    Transcript,
    Utterance,
    Voice,
    VoiceBytes,
    VoiceReference,
    Word,
)

__all__ = [
    "ENGINE_SAMPLE_RATE", "LANGUAGES", "MAX_LONG_VOICE_BYTES", "MAX_UTTERANCE_S", "MAX_VOICE_BYTES", "OPUS_BPS",
    "RECOGNIZER_WHEEL", "RECORDINGS", "SENTENCE_END", "TEXT_CODERS", "VOICE_SPACES",
    "AdaptingVoiceEncoder", "Archive", "Audio", "AudioError", "AudioSource", "Compressed", "Contour", "Decoded",
    "DeviceError", "EngineError", "FittingVoiceEncoder",
    "InputError", "LeadingSynthesizer", "LinkError", "LiveError", "MelodicSynthesizer", "Melody", "MelodyEncoder",
    "NoSpeechError",
    "OutputError", "ParallelRecognizer", "Payload", "PayloadCorrupt", "PayloadError",
    "PayloadTruncated", "PayloadVersionError", "Progress", "ProtocolError", "QueueFullError", "Recognizer",
    "RememberingRecognizer",
    "Samples", "SileroDetector", "Speaker", "SpeakerEmbedder", "SpeakerEmbedding", "SpeechzipError", "SpeechzipWarning",
    "StreamingSynthesizer", "Synthesizer", "TextCoder", "TextError", "Transcript", "Utterance", "Voice",
    "VoiceBook", "VoiceBytes", "VoiceEncoder", "VoiceError", "VoiceReference", "Word",
    "atomic_file", "check_writable", "compress", "data_folder", "decode_payload", "decompress", "downmix",
    "encode_payload", "engine_names", "keep_one_blas_thread", "lead_s", "load_engine", "load_recognizer",
    "one_blas_thread",
    "open_recording", "open_session", "pack_opus", "package_folder", "printable", "printable_json", "progress_bar",
    "read_payload", "recognizer_folder", "recognizer_recording", "render", "resample", "shown_name", "split_sentences",
    "standard_output", "text_coders_for", "unpack_opus", "utterance_sounds", "with_voices",
]  # fmt: skip
