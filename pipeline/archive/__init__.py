"""Archives: the payloads of many recordings, with search, export, redaction and pages.

archive     for programs: add, search, open, export
stores      where an archive lies: a folder, or below a URL
payloads    the payloads there, and those at any path or URL
rows        what is known about each recording
lock        one writer at a time
sources     the recordings below folders, globs and URLs
export/     transcripts as subtitles, documents, tables and annotations
fulltext/   an index of all that was said, searches in it, and all of it as a table
excerpts    part of a payload, as speech
redaction/  replaces card numbers and other personal data by marks
work        the work on one recording, wherever it is done
runners     where it is done: here, or in worker processes
cluster     the same on a Dask cluster
building    sources in, an archive out
progress    the progress bar
serve/      an archive as pages in a browser
commands/   ``speechzip archive``, ``search``, ``play``, ``export``, ``redact``, ``index``,
            ``catalogue``, ``serve``

Importing this package loads nothing yet. `__init__.pyi` says which module each name comes from.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
