"""The examples of `--help` are valid command lines."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from importlib.metadata import entry_points

import pytest
import typer
from speechzip.pipeline.cli import app
from typer.core import TyperCommand, TyperGroup


def commands(command: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], TyperCommand]]:
    """Yield every command that `--help` lists, with the words that call it."""
    if isinstance(command, TyperGroup):
        for name, child in command.commands.items():
            if not child.hidden:
                yield from commands(child, (*path, name))
    elif isinstance(command, TyperCommand):
        yield path, command


def whole_program() -> object:
    for entry in entry_points(group="speechzip.commands"):
        entry.load()(app)
    return typer.main.get_command(app)


COMMANDS = dict(commands(whole_program()))


def examples(command: TyperCommand) -> list[list[str]]:
    """Return the words of the command lines in its epilog, as far as the shell passes them on."""
    lines = [
        line for line in (command.epilog or "").replace("Example: ", "").split("\n\n") if line.startswith("speechzip ")
    ]
    return [shlex.split(line.split("<")[0].split(">")[0])[1:] for line in lines]


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_examples_are_understood(path: tuple[str, ...]) -> None:
    command = COMMANDS[path]
    found = examples(command)
    assert found
    for words in found:
        assert tuple(words[: len(path)]) == path
        command.make_context(path[-1], words[len(path) :])  # raises UsageError where it does not understand
