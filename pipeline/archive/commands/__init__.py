"""The commands of archives."""

from __future__ import annotations

import typer

from . import build, export


def add_commands(app: typer.Typer) -> None:
    """Add the commands of archives."""
    app.command(epilog=build.EPILOG)(build.archive)
    app.command(epilog=export.EPILOG)(export.export)
