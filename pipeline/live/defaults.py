"""What the command line and the library both start from; it imports nothing, so that ``--help`` answers at once."""

from __future__ import annotations

DEFAULT_PORT = 7310
"""The port that an end listens on, and calls, where none is named."""
CONNECT_TIMEOUT_S = 10.0
"""How long a call tries to connect."""
PAIRING_VARIABLE = "SPEECHZIP_PAIRING"
"""The environment variable that holds a pairing line."""
