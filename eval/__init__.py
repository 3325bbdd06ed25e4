"""The evaluation: words, bytes, voice and time, measured against other codecs.

    from speechzip.eval import Options, evaluate, write_report

    results = evaluate(Options("../recordings", out=Path("report")))
    write_report(results, Path("report"))

Importing this loads nothing yet: each name comes from the module that `__init__.pyi` says.
"""

from importlib import import_module

import lazy_loader

import_module("speechzip.pipeline")  # turns off onnxruntime's telemetry, before a module here imports that

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
