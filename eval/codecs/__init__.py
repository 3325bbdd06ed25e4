"""The systems under test: speechzip and the codecs that it is compared with."""

from .registry import CODECS, ORIGINAL, codec_names, load_codec
from .speechzip import DEFAULT, chosen_set, engine_sets, is_set

__all__ = ["CODECS", "DEFAULT", "ORIGINAL", "chosen_set", "codec_names", "engine_sets", "is_set", "load_codec"]
