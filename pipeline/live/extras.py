"""The packages of the extra ``live``."""

from __future__ import annotations

from ..errors import LiveError


def missing_extra(what: str, module: str) -> LiveError:
    """Return the error for `what` that needs `module`, which is not installed."""
    return LiveError(f"{what} needs {module}, which is not installed; run: pip install 'speechzip[live]'")
