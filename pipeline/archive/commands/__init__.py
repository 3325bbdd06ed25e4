"""The commands of archives."""

from __future__ import annotations

import typer

from . import build, export, find, play, redact, serve


def add_commands(app: typer.Typer) -> None:
    """Add the commands of archives."""
    app.command(epilog=build.EPILOG)(build.archive)
    app.command(epilog=find.SEARCH_EPILOG)(find.search)
    app.command(epilog=play.EPILOG)(play.play)
    app.command(epilog=serve.EPILOG)(serve.serve)
    app.command(epilog=export.EPILOG)(export.export)
    app.command(epilog=redact.EPILOG)(redact.redact)
    app.command(epilog=find.INDEX_EPILOG)(find.index)
    app.command(epilog=find.CATALOGUE_EPILOG)(find.catalogue)
