"""Every system by its name. To add one, write a class with the members of `Codec` and register it here."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial

from speechzip.pipeline import InputError

from ..types import Codec
from .codec2 import CODEC2_MODES, Codec2
from .original import OriginalCodec
from .packets import AMR_BITRATES_BPS, OPUS_BITRATES_KBPS, OPUS_FRAMES_MS, SPEEX_QUALITIES, amr, opus, speex
from .speechzip import DEFAULT, is_set, load_set
from .text import TEXT_CODECS

ORIGINAL = OriginalCodec.name

CODECS: dict[str, Callable[[], Codec]] = {
    ORIGINAL: OriginalCodec,
    **TEXT_CODECS,
    **{f"codec2-{mode}": partial(Codec2, mode) for mode in CODEC2_MODES},
    **{f"speex-{kbps:g}": partial(speex, quality, kbps) for quality, kbps in SPEEX_QUALITIES.items()},
    **{f"amr-nb-{bitrate / 1000:g}": partial(amr, bitrate) for bitrate in AMR_BITRATES_BPS},
    **{f"opus-{rate}-{frame}ms": partial(opus, rate, frame) for frame in OPUS_FRAMES_MS for rate in OPUS_BITRATES_KBPS},
}
"""Name -> loader, for every system except speechzip's own sets of engines."""


def codec_names() -> list[str]:
    """Return the names of all systems except speechzip's, loadable here or not."""
    return list(CODECS)


@lru_cache(maxsize=64)
def load_codec(name: str) -> Codec:
    """Return a system, loaded once in each process.

    Raises:
        InputError: there is no system of that name.
        EngineError: it cannot be loaded here; says what to install.
    """
    if is_set(name):
        return load_set(name)
    if name not in CODECS:
        raise InputError(f"there is no system named {name!r}; there are: {', '.join([DEFAULT, *CODECS])}")
    return CODECS[name]()
