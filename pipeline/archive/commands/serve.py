"""The command ``serve``."""

from __future__ import annotations

from typing import Annotated

import typer

EPILOG = "Examples:\n\nspeechzip serve archive/\n\nspeechzip serve s3://bucket/archive --port 7320"


def serve(
    archive: Annotated[str, typer.Argument(help="Folder or URL of the archive.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on this machine; a free one by default.")] = 0,
    synthesizer: Annotated[str | None, typer.Option(help="Engine that speaks.")] = None,
) -> None:
    """Show an archive in a browser on this machine: search, read, listen, download (extra serve)."""
    from ...engines.loading import load_engine
    from ..serve.server import serve as serve_pages
    from ..stores import open_store

    store = open_store(archive)
    next(store.files(), None)  # fails if it does not exist
    serve_pages(store, load_engine("synthesizer", synthesizer), port, lambda address: print(address, flush=True))
