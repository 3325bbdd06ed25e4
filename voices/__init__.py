"""Voices and speech: voice encoders, speaker embeddings, synthesizers and the voice store.

Importing this loads nothing yet: each name comes from the module that `__init__.pyi` says.
"""

from importlib import import_module

import lazy_loader

import_module("speechzip.pipeline")  # turns off onnxruntime's telemetry, before a module here imports that

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
