"""speechzip's codec: speech to a payload of a few hundred bytes, and back.

    from speechzip.pipeline import compress, decompress

    compressed = compress("call.wav")         # compressed.data: bytes
    audio = decompress(compressed.data)       # audio.samples, audio.sample_rate

Importing this loads nothing yet: each name comes from the module that `__init__.pyi` says,
when it is first asked for, so that the command line answers at once.
"""

import logging
import os

import lazy_loader

# onnxruntime 1.29 and later report each loaded network to Microsoft, unless this is set when Python imports it.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
logging.getLogger("speechzip").addHandler(logging.NullHandler())  # a library shows its log only on request

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
