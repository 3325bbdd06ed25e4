# What the tests use of it; the module itself imports torch, an extra.
from pathlib import Path

def export(checkpoint: Path, folder: Path) -> None: ...
