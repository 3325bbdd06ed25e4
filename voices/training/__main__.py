"""From recordings to the shipped weights: `python -m speechzip.voices.training` (extra `train`).

Run it again to resume: every stage skips what the build folder has already, and training goes on from its checkpoint.

    features/        envelope, pitch, voicing, mel spectrum of each recording    (3 minutes on two cores)
    alignment.json   words and silences of each recording, in frames             (3 minutes)
    regression.pt    the networks after regression                               (`--minutes`)
    critic.pt        the networks after training with a critic                   (`--critic-minutes`)
    curves.png       the losses in regression.csv and critic.csv
    weights/         voice.onnx, phones.onnx, frames.onnx
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from .alignment import align_all
from .curves import plot_curves
from .examples import Example, example
from .export import export, start_from_weights
from .features import measure
from .recordings import read_manifest
from .train import TrainingPlan, train


def main() -> None:
    """Run the stages that are left."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=Path, default=Path("../shared/voicedata"), help="has a manifest.csv")
    parser.add_argument("--build", type=Path, default=Path("build/voice"))
    parser.add_argument("--minutes", type=float, default=180, help="minutes of regression; 0 to leave it out")
    parser.add_argument(
        "--critic-minutes", type=float, default=180, help="minutes of training with the critic; 0 to leave it out"
    )
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--duty", type=float, default=1.0, help="share of the time to compute; it sleeps in between")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=Path, help="folder of exported weights to begin with: leaves regression out")
    arguments = parser.parse_args()
    build: Path = arguments.build
    build.mkdir(parents=True, exist_ok=True)
    if arguments.start:
        start_from_weights(arguments.start, build)
        arguments.minutes = 0
    examples = prepare(arguments.recordings, build)
    for with_critic, minutes in ((False, arguments.minutes), (True, arguments.critic_minutes)):
        if minutes > 0:
            plan = TrainingPlan(build, minutes, batch=arguments.batch, duty=arguments.duty, seed=arguments.seed)
            train(plan, examples, with_critic)
    plot_curves(build)
    export(build / ("critic.pt" if arguments.critic_minutes > 0 else "regression.pt"), build / "weights")
    print(f"done: copy {build / 'weights'}/*.onnx to voices/trained/weights/")


def prepare(folder: Path, build: Path) -> list[Example]:
    """Return the examples of the recordings in `folder`, without those that cannot be aligned."""
    recordings = read_manifest(folder)
    processes = os.cpu_count() or 1
    measure(recordings, build / "features", processes)
    spans = align_all(recordings, build / "alignment.json", processes)
    names = sorted({recording.speaker for recording in recordings})
    return [
        example(recording, spans[recording.key], build / "features", names.index(recording.speaker))
        for recording in recordings
        if recording.key in spans
    ]


if __name__ == "__main__":
    main()
