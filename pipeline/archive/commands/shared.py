"""What the commands of archives share."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Force = Annotated[bool, typer.Option("--force", "-f", help="Overwrite existing files.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]


def print_result(summary: Any, lines: list[str], as_json: bool) -> None:
    """Print JSON for machines, or lines for people."""
    from ...console.display import printable, printable_json

    print(printable_json(summary, indent=2) if as_json else "\n".join(map(printable, lines)))


def tell(message: str) -> None:
    """Print a line for people on standard error."""
    from ...console.display import printable

    print(f"speechzip: {printable(message)}", file=sys.stderr)
