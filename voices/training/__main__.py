"""From recordings and a teacher to the trained voice: `python -m speechzip.voices.training` (extra `train`).

Run it again to resume: every stage skips what the build folder has already.

    measured/           features of each recording, and of the teacher's speech, which comes with its phones
    measured/labels/    phones and durations of the recordings
    teach.pt, speak.pt, critic.pt, the losses in .csv files, and their picture

`--start FILE` begins with the weights of a compact checkpoint, `--write FILE` writes one and ends.
`--keep-space` trains the acoustic network alone: voices of the space that ships go on meaning the same.
`--skip-preparing` trains on the shards that are there; another process may measure more at the same time.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from zlib import crc32

import torch

from .batches import load
from .corpus.labels import label_recordings
from .corpus.pack import pack_recordings
from .corpus.recordings import read_manifest
from .corpus.shards import TEACHER
from .corpus.teacher import generate
from .curves import plot_curves
from .train import STAGES, TrainingPlan, latest, read_compact, train, write_compact


def main() -> None:
    """Run the stages that are left."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--recordings", type=Path, nargs="*", default=[Path("../shared/voicedata"), Path("../shared/voicedata2")]
    )
    parser.add_argument("--text", type=Path, nargs="*", default=[
        Path("../shared/text/train.txt.xz"), *sorted(Path("../shared/text2").glob("*.txt.xz"))
    ], help="sentences for the teacher to say")  # fmt: skip
    parser.add_argument("--build", type=Path, default=Path("build/voice"))
    parser.add_argument("--shards", type=int, default=18, help="shards of the teacher's speech, ten minutes each")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, nargs=len(STAGES), default=[2_000, 6_000, 14_000], help="of each stage")
    parser.add_argument("--skip-preparing", action="store_true", help="train on the shards in the build folder")
    parser.add_argument("--keep-space", action="store_true", help="do not train the voice network")
    parser.add_argument("--start", type=Path, help="compact checkpoint to begin with")
    parser.add_argument("--write", type=Path, help="write a compact checkpoint of the latest stage")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    build, measured = arguments.build, arguments.build / "measured"
    build.mkdir(parents=True, exist_ok=True)
    if not (arguments.skip_preparing or arguments.write):
        generate(arguments.text, measured, 0, arguments.shards, arguments.processes)
        for folder in arguments.recordings:
            # Mixed, so that the first shards have many speakers.
            recordings = sorted(read_manifest(folder), key=lambda one: crc32(one.key.encode()))
            pack_recordings(recordings, measured, folder.name, arguments.processes)
            label_recordings(recordings, measured, folder.name, arguments.processes)
    names = {recording.speaker for folder in arguments.recordings for recording in read_manifest(folder)}
    speakers, learned, held_out = load(measured, tuple(sorted({*names, TEACHER})))
    print(
        f"{len(speakers.names)} speakers, {len(learned)} recordings with phones, {len(held_out)} held out", flush=True
    )
    if arguments.write:
        write_compact(build, arguments.write, speakers.names)
        return
    if arguments.start and latest(build) is None:
        read_compact(arguments.start, build, speakers.names)
    first = STAGES.index(latest(build) or STAGES[0])
    for stage, steps in list(zip(STAGES, arguments.steps, strict=True))[first:]:
        train(TrainingPlan(build, stage, steps, keep_space=arguments.keep_space), speakers, learned, held_out)
    plot_curves(build)


if __name__ == "__main__":
    main()
