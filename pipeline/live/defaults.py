"""Defaults of the command line and the library. This module imports nothing, so that ``--help`` answers at once."""

from __future__ import annotations

DEFAULT_PORT = 7310
"""Default port."""
CONNECT_TIMEOUT_S = 10.0
"""Default time limit for the first connection."""
PAIRING_VARIABLE = "SPEECHZIP_PAIRING"
"""The environment variable that holds a pairing line."""
