"""Write the listening test: `listen.html` for the listeners, `key.json` for whoever sums up their answers.

The page holds all sounds, at one level, in an order that tells nothing, and no names. It works offline, in any browser.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from jinja2 import Environment, PackageLoader, StrictUndefined
from speechzip.pipeline import InputError, OutputError, atomic_file

from ..results.results import Results
from ..run.store import LISTENED_TO, read_clip
from .trials import Sound, Trial, make_trials

SCHEMA = 1
"""Version of the key and of the answers; raised if a field changes its meaning or is removed."""
PAGE, KEY = "listen.html", "key.json"
LEVEL = 0.05
"""Root mean square of every sound, so that nobody is known by the level."""
PEAK = 0.95


def write_listening_test(results: Results, clips: Path, folder: Path, seed: int) -> Path:
    """Write the page and its key into `folder`; return the path of the page.

    Args:
        results: of an evaluation.
        clips: the evaluation's folder, which holds the decoded sounds.
        folder: of the test; created if necessary.
        seed: draws the recordings and the order.

    Raises:
        InputError: the corpus has too few speakers or too few sounds.
        OutputError: the folder cannot be written.
    """
    systems = [name for name in results.systems if name.startswith(LISTENED_TO)]
    trials = make_trials(results, systems, seed)
    sounds = {sound: _encoded(sound, clips) for trial in trials for sound in trial.sounds}
    questions = [
        {"id": trial.id, "kind": trial.kind, "sounds": [sounds[sound] for sound in trial.sounds]} for trial in trials
    ]
    test = hashlib.sha256(json.dumps(questions).encode()).hexdigest()[:16]
    environment = Environment(
        loader=PackageLoader("speechzip.eval.listening"), autoescape=True, undefined=StrictUndefined
    )
    page = environment.get_template(PAGE).render(test=test, schema=SCHEMA, questions=questions)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror or error}") from error
    for name, content in ((PAGE, page), (KEY, json.dumps(_key(test, trials, seed), ensure_ascii=False, indent=1))):
        with atomic_file(folder / name, force=True) as file:
            file.write(content.encode())
    return folder / PAGE


def _key(test: str, trials: Sequence[Trial], seed: int) -> dict[str, Any]:
    return {"schema": SCHEMA, "test": test, "seed": seed, "trials": [asdict(trial) for trial in trials]}


def _encoded(sound: Sound, clips: Path) -> str:
    """Return a sound at the common level, MP3 in Base64."""
    clip = read_clip(clips, sound.system, sound.item)
    if clip is None:
        raise InputError(f"the evaluation kept no sound of {sound.item} through {sound.system}")
    with soundfile.SoundFile(io.BytesIO(clip)) as file:
        samples, rate = file.read(dtype="float32"), file.samplerate
    loudest, level = float(np.abs(samples).max()), float(np.sqrt(np.mean(np.square(samples))))
    if level > 0:
        samples = samples * np.float32(min(LEVEL / level, PEAK / loudest))
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, "MPEG_LAYER_III", format="MP3", compression_level=0.5)
    return base64.b64encode(buffer.getvalue()).decode()
