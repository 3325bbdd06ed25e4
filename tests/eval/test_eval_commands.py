from __future__ import annotations

import subprocess
import sys


def test_command_line_loads_nothing_of_an_evaluation() -> None:
    code = (
        "import sys, typer, speechzip.eval.commands as commands\n"
        "commands.add_commands(typer.Typer())\n"
        "print(sorted({'numpy', 'jiwer', 'onnxruntime', 'soundfile'} & set(sys.modules)))"
    )
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == "[]"
