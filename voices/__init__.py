"""Who it sounds like: voice encoders, speaker embeddings, synthesizers and the store of voices.

Importing this loads nothing yet: each name comes from the module that `__init__.pyi` says.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
