"""The losses of a training, from its CSV files, as one picture."""

from __future__ import annotations

import csv
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot

from .train import STAGES

COLORS = 10
"""Length of matplotlib's color cycle; further lines are dashed."""


def read_curves(path: Path) -> tuple[list[int], dict[str, list[float]]]:
    """Return the steps in a CSV file of `train`, and each loss at these steps."""
    steps: list[int] = []
    losses: dict[str, list[float]] = {}
    with open(path, encoding="utf-8", newline="") as file:
        for step, spent, *parts in csv.reader(file):
            if spent == "held out":
                continue
            steps.append(int(step))
            for part in parts:
                name, _, value = part.partition("=")
                losses.setdefault(name, [float("nan")] * (len(steps) - 1)).append(float(value))
            for values in losses.values():
                values += [float("nan")] * (len(steps) - len(values))
    return steps, losses


def plot_curves(build: Path) -> None:
    """Write `curves.png` to `build`: one panel for each stage, one line for each loss, logarithmic axes."""
    paths = [path for path in (build / f"{stage}.csv" for stage in STAGES) if path.exists()]
    figure, panels = pyplot.subplots(1, len(paths), figsize=(7 * len(paths), 6), squeeze=False)
    for panel, path in zip(panels[0], paths, strict=True):
        steps, losses = read_curves(path)
        for number, (name, values) in enumerate(losses.items()):
            panel.plot(steps, values, "-" if number < COLORS else "--", label=name)
        panel.set(title=path.stem, xlabel="step", ylabel="loss, weighted", xscale="log", yscale="log")
        panel.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
        panel.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(build / "curves.png", dpi=100)
    pyplot.close(figure)
