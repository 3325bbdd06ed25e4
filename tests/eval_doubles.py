"""Stand-ins for evaluations: made-up observations, and workers that die. Importable by processes of a pool."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from speechzip.eval import Corpus, Item, Observation, Results, Turn, TurnObservation
from speechzip.eval.metrics.voice import pack_embedding
from speechzip.eval.results.summary import summarize
from speechzip.eval.run.observe import EvalJob, RunSettings
from speechzip.eval.run.store import ObservationStore

SETTINGS = RunSettings(judges=("fake",), voice=False, naturalness=False)


def die_or_observe(job: EvalJob, settings: RunSettings, store: ObservationStore) -> None:
    """Do a job; the recording ``deadly`` kills the process, ``slow`` takes its time."""
    if job.item.id == "deadly":
        time.sleep(0.3)  # so that others are under way
        os._exit(1)
    if job.item.id == "slow":
        time.sleep(1.0)
    store.save(job, observed(job.item.id, job.system, worker=os.getpid()))


def item(name: str, transcript: str | None = "a b c d", category: str = "all") -> Item:
    return Item(name, Path("nowhere") / name, (Turn(transcript, "Anna"),), category)


def observed(
    name: str,
    system: str = "original",
    *,
    heard: str = "a b c d",
    said: str | None = "a b c d",
    speaker: str = "Anna",
    category: str = "all",
    condition: str = "clean",
    direction: Sequence[float] | None = None,
    text: str | None = None,
    sections: Mapping[str, int] | None = None,
    bits: float = 1000.0,
    onset_error_s: float | None = None,
    worker: int = 0,
) -> Observation:
    """Return an observation of ten seconds; `direction` is the speaker embedding, of any length."""
    embedding = None
    if direction is not None:
        vector = np.zeros(256, np.float32)
        vector[: len(direction)] = direction
        embedding = pack_embedding(np.asarray(vector / np.linalg.norm(vector), np.float32))
    turn = TurnObservation(speaker, said, {"fake": heard}, onset_error_s, embedding)
    return Observation(
        item=name,
        category=category,
        condition=condition,
        system=system,
        duration_s=10.0,
        payload_bits=bits,
        wire_bits=2 * bits,
        encode_s=1.0,
        decode_s=float(worker) or 0.5,
        sections=dict(sections or {}),
        text=text,
        turns=(turn,),
        naturalness={"overall": 3.0},
    )


def results_of(observations: Sequence[Observation], **changes: object) -> Results:
    """Return the results that these observations make."""
    families = {"original": "original", "speechzip": "speechzip", "opus-6-60ms": "Opus 60 ms", "codec2-1200": "Codec2"}
    present = {one.system for one in observations}
    systems = [name for name in families if name in present]
    names = list(dict.fromkeys(one.item for one in observations))
    values: dict[str, object] = {
        "corpus": Corpus("made up", "manifest", tuple(item(name) for name in names)),
        "systems": systems,
        "main": "speechzip",
        "rows": summarize(observations, {name: families[name] for name in systems}, ["fake"], seed=0),
        "observations": observations,
        "failures": [],
        "left_out": {},
        "warnings": [],
        "memory_mib": {"speechzip": 200.0},
        "conversations": [],
        "judges": ["fake"],
        "engines": {"speechzip": "fake, fake, fake"},
        "facts": {
            "command": "speechzip eval made-up --out report --seed 0",
            "date": "2026-01-01 00:00 UTC",
            "seed": "0",
            "normalizer": "as is",
            "speechzip": "0.1.0",
        },
    }
    return Results(**{**values, **changes})  # type: ignore[arg-type]  # the fields by name
