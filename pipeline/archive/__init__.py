"""Many recordings: an archive of their payloads, and what people do with it.

stores      where an archive lies: a folder, or below a URL
rows        what is known about each recording
lock        one writer at a time
sources     the recordings below folders, globs and URLs
export/     transcripts as subtitles, documents, tables and annotations
work        the work on one recording, wherever it is done
runners     where it is done: here, or in worker processes
building    sources in, an archive out
progress    the bar
commands/   ``speechzip archive`` and ``speechzip export``
"""
