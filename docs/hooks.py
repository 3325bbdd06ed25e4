"""Pages that `make docs` generates: the command line from the program, and the documents of the repository."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import typer
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from speechzip.pipeline.cli import app
from typer.core import TyperGroup

DOCUMENTS = {
    "reference/format.md": "FORMAT.md",
    "reference/security.md": "SECURITY.md",
    "reference/architecture.md": "ARCHITECTURE.md",
    "reference/changes.md": "CHANGELOG.md",
}
"""Page -> the document at the top of the repository."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages."""
    root = Path(config.config_file_path).parent
    for page, document in DOCUMENTS.items():
        files.append(File.generated(config, page, content=(root / document).read_text(encoding="utf-8")))
    files.append(File.generated(config, "reference/cli.md", content=command_line()))
    return files


def command_line() -> str:
    """Return the page about the command line, from the program's own help."""
    for entry in entry_points(group="speechzip.commands"):
        entry.load()(app)
    parts = [
        "# Command line\n\nEvery command, as `--help` shows it. `-` stands for standard input or standard output. "
        "Results go to standard output, everything else to standard error. The exit status is 0 on success, 1 after an "
        "error (one line on standard error) and 2 after wrong usage.\n"
    ]
    parts += [_command(path, command) for path, command in _commands(typer.main.get_command(app))]
    return "\n".join(parts)


def _commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, child in command.commands.items():
        if isinstance(child, TyperGroup):
            yield from _commands(child, (*path, name))
        elif not child.hidden:
            yield (*path, name), child


def _command(path: tuple[str, ...], command: Any) -> str:
    context = command.make_context(path[-1], [], resilient_parsing=True)
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option" and not one.hidden]
    usage = " ".join(["speechzip", *path, "[OPTIONS]", *(one.make_metavar(context) for one in arguments)])
    lines = [f"## {' '.join(path)}", "", command.help or "", "", f"    {usage}", ""]
    rows = [(one.make_metavar(context), one.help or "") for one in arguments]
    rows += [(_names(one, context), _help(one)) for one in options]
    lines += ["| option | meaning |", "|---|---|", *(f"| {_code(name)} | {_prose(text)} |" for name, text in rows), ""]
    examples = [line for line in (command.epilog or "").split("\n\n") if line.startswith("speechzip ")]
    examples += re.findall(r"^Example: (.*)", command.epilog or "")
    return "\n".join([*lines, "Examples:", "", *(f"    {line}" for line in examples), ""])


def _names(option: Any, context: Any) -> str:
    names = ", ".join([*option.opts, *option.secondary_opts])
    return names if option.is_flag else f"{names} {option.make_metavar(context)}"


def _help(option: Any) -> str:
    text = option.help or ""
    default = getattr(option.default, "value", option.default)
    shown = not option.is_flag and not callable(default) and default not in (None, (), [], "")
    return f"{text} Default: {default}." if shown else text


def _code(text: str) -> str:
    return f"<code>{escape(text).replace('|', '&#124;')}</code>"


def _prose(text: str) -> str:
    return escape(text, quote=False).replace("|", "&#124;").replace("[", "\\[").replace("*", "\\*")
