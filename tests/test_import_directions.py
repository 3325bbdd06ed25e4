"""Which module may import which: the folders, the rooms inside of them, and no circle anywhere. Nothing is imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

FOLDERS = ("pipeline", "voices", "eval")
"""Each may import those before it, by the front door only: `from speechzip.pipeline import ...`."""

ROOMS = {
    "pipeline": """
        errors arguments system languages types protocols console engines payload textcoder training audio segments
        recognizers unread synthesis speakers accumulation compression decompression writing summary live links archive
        cli entry
    """,
    "pipeline.archive": """
        stores payloads lock rows sources export fulltext excerpts redaction work runners cluster building archive
        progress serve commands
    """,
    "pipeline.archive.commands": "redact build find play serve export",
    "pipeline.archive.serve": "guard speech app server",
    "pipeline.archive.redaction": """
        tokens digits figures numbers spelling domains emails ibans dates names redact files
    """,
    "pipeline.archive.export": "transcript cues textgrid formats files",
    "pipeline.archive.fulltext": "dates phonetics query faults index syncing searching parquet",
    "pipeline.links": """
        packets files carrier serialport soundinput hf kiss mesh reticulum peers sending receiving describing dictation
        commands transfer
    """,
    "pipeline.links.packets": "wire cutting parity packing unpacking padding text qr airtime presets plan",
    "pipeline.live": "defaults extras limits workers wire reports devices session commands bench",
    "voices": """
        foreign espeak_process espeak acoustics spaces text streaming store parametric hibari embedding clip trained
        training cli
    """,
    "voices.text": "split lexicon normalization pronunciation training",
    "eval": "types conditions engines corpora metrics codecs results run check report listening bench radio commands",
}
"""Rooms and modules from the ground up: each may import those before it."""

DEEP_DOORS = {
    "speechzip.pipeline.archive",
    "speechzip.pipeline.links",
    "speechzip.pipeline.live",
    "speechzip.pipeline.textcoder",
}
"""Rooms with a front door of their own, which other folders may use."""


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


PATHS = {module_name(path): path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")}


def imports_of(module: str) -> Iterator[str]:
    """Yield what a module imports of the project, wherever in it: `pipeline.x` for its own, `speechzip.x` across."""
    path = PATHS[module]
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.startswith("speechzip"))
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                base = ".".join([*package[: len(package) - node.level + 1], *([node.module] if node.module else [])])
            elif (node.module or "").startswith("speechzip"):
                base = str(node.module)
            else:
                continue
            submodules = [f"{base}.{name.name}" for name in node.names if f"{base}.{name.name}" in PATHS]
            yield from submodules
            if len(submodules) < len(node.names):
                yield base


@lru_cache(maxsize=1)
def graph() -> dict[str, set[str]]:
    """Return module -> the modules of the same folder that it imports."""
    return {module: {name for name in imports_of(module) if name in PATHS} - {module} for module in PATHS}


def room(module: str, parent: str) -> str | None:
    """Return the room of `parent` that a module lies in; None where it lies elsewhere, or is the parent itself."""
    return module.removeprefix(parent + ".").split(".")[0] if module.startswith(parent + ".") else None


def test_across_folders_only_earlier_ones_and_by_the_front_door() -> None:
    wrong: set[str] = set()
    for module in PATHS:
        earlier = FOLDERS[: FOLDERS.index(module.split(".")[0])]
        for name in imports_of(module):
            own = name.split(".")[0] == module.split(".")[0]
            by_the_door = name in {f"speechzip.{folder}" for folder in FOLDERS} | DEEP_DOORS
            if not own and not (by_the_door and name.split(".")[1] in earlier):
                wrong.add(f"{module} imports {name}")
    assert wrong == set()


@pytest.mark.parametrize("parent", ROOMS)
def test_rooms_import_earlier_rooms_only(parent: str) -> None:
    order = ROOMS[parent].split()
    found = {name for module in PATHS if (name := room(module, parent))}
    assert found == set(order), f"give every room of {parent} its place in ROOMS"
    wrong = {
        f"{module} imports {name}"
        for module, names in graph().items()
        for name in names
        if (here := room(module, parent)) and (there := room(name, parent)) and order.index(there) > order.index(here)
    }
    assert wrong == set()


def test_no_module_imports_itself_in_a_circle() -> None:
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join([*path[path.index(module) :], module])
        if module not in done:
            for name in sorted(graph()[module]):
                visit(name, (*path, module))
            done.add(module)

    for module in graph():
        visit(module, ())
