"""The folder of the user's data: voices, licenses, the voices of peers."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

FOLDER_VARIABLE = "SPEECHZIP_DATA"
"""Environment variable for another data folder."""


def data_folder() -> Path:
    """Return speechzip's folder for the user's data."""
    return Path(os.environ.get(FOLDER_VARIABLE) or platformdirs.user_data_dir("speechzip", appauthor=False))
