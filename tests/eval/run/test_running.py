from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from eval_doubles import SETTINGS, die_or_observe, item, observed
from speechzip.eval import Corpus, Observation
from speechzip.eval.run.observe import EvalJob, RunSettings, observe
from speechzip.eval.run.plan import DEGRADED_ITEMS, plan_jobs
from speechzip.eval.run.store import MARKER, ObservationStore
from speechzip.eval.run.workers import run_jobs
from speechzip.pipeline import OutputError


def jobs_of(*names: str) -> list[EvalJob]:
    return [EvalJob(item(name), "clean", "original") for name in names]


def test_stored_and_found_again(tmp_path: Path) -> None:
    job = jobs_of("a/b c.wav")[0]
    store = ObservationStore(tmp_path / "out", SETTINGS)
    assert store.load(job) is None
    store.save(job, observed("a/b c.wav", direction=(1.0, 2.0), sections={"text": 3}))
    assert ObservationStore(tmp_path / "out", SETTINGS).load(job) == observed(
        "a/b c.wav", direction=(1.0, 2.0), sections={"text": 3}
    )


def test_made_again_where_something_changed(tmp_path: Path) -> None:
    recording = tmp_path / "a.wav"
    recording.write_bytes(b"1")
    job = EvalJob(item("a.wav"), "clean", "original")
    job = EvalJob(type(job.item)("a.wav", recording, job.item.turns), "clean", "original")
    store = ObservationStore(tmp_path / "out", SETTINGS)
    store.save(job, observed("a.wav"))
    assert store.load(job) is not None
    assert ObservationStore(tmp_path / "out", RunSettings(judges=("other",))).load(job) is None
    recording.write_bytes(b"22")
    assert store.load(job) is None


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"fingerprint": 1}', "\udcff"])
def test_broken_files_are_made_again(tmp_path: Path, content: str) -> None:
    job = jobs_of("a")[0]
    store = ObservationStore(tmp_path / "out", SETTINGS)
    store.save(job, observed("a"))
    (path,) = (tmp_path / "out" / "observations").rglob("*.json")
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    assert store.load(job) is None


def test_failures_are_tried_again(tmp_path: Path) -> None:
    job = jobs_of("a")[0]
    store = ObservationStore(tmp_path / "out", SETTINGS)
    store.save(job, job.failed("disk full"))
    assert store.load(job) is None
    assert store.load(job, failures=True) == job.failed("disk full")


def test_fresh_forgets(tmp_path: Path) -> None:
    job = jobs_of("a")[0]
    ObservationStore(tmp_path / "out", SETTINGS).save(job, observed("a"))
    assert ObservationStore(tmp_path / "out", SETTINGS, fresh=True).load(job) is None


def test_folders_that_are_not_ours(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    for folder in (tmp_path, tmp_path / "precious"):
        with pytest.raises(OutputError, match="not an evaluation"):
            ObservationStore(folder, SETTINGS, fresh=True)
    assert (tmp_path / "precious").read_text() == "mine"
    ObservationStore(tmp_path / "new" / "deep", SETTINGS)
    assert (tmp_path / "new" / "deep" / MARKER).exists()


@pytest.mark.processes
def test_a_process_that_dies_ends_only_its_own_recording(tmp_path: Path) -> None:
    store = ObservationStore(tmp_path / "out", SETTINGS)
    jobs = jobs_of("one", "deadly", "slow", "two", "three")
    done: list[str] = []
    run_jobs(jobs, SETTINGS, store, 2, lambda job: done.append(job.item.id), worker=die_or_observe)
    assert Counter(done) == Counter(["one", "deadly", "slow", "two", "three"])
    stored = {job.item.id: store.load(job, failures=True) for job in jobs}
    deadly = stored.pop("deadly")
    assert deadly is not None
    assert deadly.failure == "the process died while it worked on this recording"
    assert all(one is not None and not one.failure for one in stored.values())


@pytest.mark.processes
def test_two_processes_share_the_work(tmp_path: Path) -> None:
    store = ObservationStore(tmp_path / "out", SETTINGS)
    jobs = jobs_of("slow", "slow")
    jobs[1] = EvalJob(item("slow", category="other"), "clean", "codec2-1200")
    run_jobs(jobs, SETTINGS, store, 2, lambda _: None, worker=die_or_observe)
    workers = {one.decode_s for job in jobs if (one := store.load(job))}  # its number, in the place of a time
    assert len(workers) == 2


def test_plan() -> None:
    spoken = [item(f"s{index:02}") for index in range(DEGRADED_ITEMS + 5)]
    others = [item("accent", category="accented"), item("noise", "", "nonspeech"), item("call", None, "calls")]
    corpus = Corpus("made up", "manifest", (*spoken, *others))

    def plan(seed: int) -> list[EvalJob]:
        return plan_jobs(
            corpus,
            ["original", "speechzip", "opus"],
            ["clean", "telephone"],
            degraded={"original"},
            wordy={"speechzip"},
            seed=seed,
        )

    jobs = plan(0)
    clean = Counter(job.item.id for job in jobs if job.condition == "clean")
    assert clean == {**{one.id: 3 for one in spoken}, "accent": 3, "noise": 1, "call": 1}
    degraded = [(job.item.id, job.system) for job in jobs if job.condition == "telephone"]
    assert len(degraded) == len(set(degraded)) == DEGRADED_ITEMS
    assert {system for _, system in degraded} == {"original"}
    assert not {"accent", "noise", "call"} & {name for name, _ in degraded}
    assert plan(0) == jobs
    assert plan(1) != jobs


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "cannot be read"), (b"", "is empty"), (b"RIFFnonsense", "not audio|cannot be read")]
)
def test_recordings_that_cannot_be_read(tmp_path: Path, content: bytes | None, reason: str) -> None:
    path = tmp_path / "a.wav"
    if content is not None:
        path.write_bytes(content)
    job = EvalJob(type(item("a"))("a", path, item("a").turns), "clean", "original")
    observation, decoded = observe(job, SETTINGS)
    assert decoded is None
    assert isinstance(observation, Observation)
    assert observation.failure
    assert any(part in observation.failure for part in reason.split("|")), observation.failure


def test_observations_are_plain_json(tmp_path: Path) -> None:
    job = jobs_of("a")[0]
    ObservationStore(tmp_path / "out", SETTINGS).save(job, observed("a", said="ja, grüß Gott"))
    (path,) = (tmp_path / "out" / "observations").rglob("*.json")
    assert json.loads(path.read_text("utf-8"))["observation"]["turns"][0]["reference"] == "ja, grüß Gott"
