"""The listening test: what is drawn, what the page gives away (nothing), and how answers are summed up."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from chromium import browse, needs_chromium
from eval_doubles import observed, results_of
from fakes import bursts
from playwright.sync_api import expect, sync_playwright
from speechzip.eval import Results
from speechzip.eval.codecs import ORIGINAL
from speechzip.eval.commands import evaluate_corpus
from speechzip.eval.listening import summarize_answers, write_listening_test
from speechzip.eval.listening.trials import LONGEST_S, make_trials
from speechzip.eval.run.observe import write_clip
from speechzip.eval.run.store import stored_path
from speechzip.pipeline import Audio, InputError

SPEAKERS = ("Anna", "Ben", "Cleo")
SYSTEMS = (ORIGINAL, "speechzip")


def results_with(recordings: int) -> Results:
    return results_of(
        [
            observed(f"{speaker}-{number}", system, speaker=speaker, said=f"words of {speaker} {number}")
            for speaker in SPEAKERS
            for number in range(recordings)
            for system in SYSTEMS
        ]
    )


@pytest.fixture
def results() -> Results:
    return results_with(8)


@pytest.fixture(scope="module")
def written_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A listening test; decoded sounds are ten times as loud as the recordings."""
    folder, results = tmp_path_factory.mktemp("listening"), results_with(8)
    for one in results.observations:
        clip = stored_path(folder / "clips", "clean", one.system, one.item, "mp3")
        clip.parent.mkdir(parents=True, exist_ok=True)
        sound = bursts((0.2, 0.8), duration_s=1)
        gain = np.float32(1.0 if one.system == "speechzip" else 0.1)
        with open(clip, "wb") as file:
            write_clip(file, Audio(sound.samples * gain, sound.sample_rate))
    assert write_listening_test(results, folder, folder / "test", 0) == folder / "test" / "listen.html"
    return folder / "test"


@pytest.fixture
def written(written_once: Path, tmp_path: Path) -> Path:
    """The same in a folder that a test may change."""
    return Path(shutil.copytree(written_once, tmp_path / "test"))


def key_of(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "key.json").read_text("utf-8")))


def write_answers(folder: Path, answer: Callable[[dict[str, Any]], str], name: str = "answers.json") -> Path:
    key = key_of(folder)
    answers = {trial["id"]: answer(trial) for trial in key["trials"]}
    path = folder / name
    path.write_text(json.dumps({"schema": 1, "test": key["test"], "listener": "me", "answers": answers}), "utf-8")
    return path


def perfect(trial: dict[str, Any]) -> str:
    return "5" if trial["kind"] == "natural" else trial["right"]


def test_pairs_are_of_one_person_or_two_and_never_of_one_recording(results: Results) -> None:
    trials = make_trials(results, SYSTEMS, 0)
    for trial in trials:
        speakers = [sound.item.split("-")[0] for sound in trial.sounds]
        if trial.kind == "same":
            assert (speakers[0] == speakers[1]) == (trial.right == "same")
        if trial.kind == "nearer":
            assert [speakers[0] == speaker for speaker in speakers[1:]] == [trial.right == "A", trial.right == "B"]
        assert len({sound.item for sound in trial.sounds}) == len(trial.sounds)
    assert Counter(trial.condition for trial in trials if trial.kind == "same") == {
        f"{system}, {who}": 6 for system in SYSTEMS for who in ("one person", "two people")
    }


def test_a_sentence_to_type_is_heard_nowhere_else(results: Results) -> None:
    trials = make_trials(results, SYSTEMS, 0)
    typed = [trial.sounds[0].item for trial in trials if trial.kind == "typed"]
    others = {sound.item for trial in trials if trial.kind != "typed" for sound in trial.sounds}
    assert len(typed) == len(set(typed)) == 8
    assert not others & set(typed)


def test_the_seed_alone_decides(results: Results) -> None:
    assert make_trials(results, SYSTEMS, 1) == make_trials(results, SYSTEMS, 1)
    assert make_trials(results, SYSTEMS, 1) != make_trials(results, SYSTEMS, 2)


def test_too_few_recordings_and_too_long_ones() -> None:
    with pytest.raises(InputError, match="two speakers with two recordings"):
        make_trials(results_with(1), SYSTEMS, 0)
    assert observed("any").duration_s <= LONGEST_S


def test_the_page_gives_nothing_away(written: Path) -> None:
    page = (written / "listen.html").read_text("utf-8")
    for secret in ("Anna", "speechzip", "stranger", "clips"):
        assert secret not in page
    found = re.search(r'id="questions">(.*?)</script>', page, re.DOTALL)
    assert found
    levels: list[float] = []
    for question in json.loads(found[1]):
        assert set(question) == {"id", "kind", "sounds"}
        for sound in question["sounds"]:
            with soundfile.SoundFile(io.BytesIO(base64.b64decode(sound))) as file:
                levels.append(float(np.sqrt(np.mean(np.square(file.read(dtype="float32"))))))
    assert max(levels) < 1.1 * min(levels)


def test_answers_of_two_listeners(written: Path) -> None:
    one = write_answers(written, perfect)
    other = write_answers(
        written, lambda trial: {"same": "same", "nearer": "A", "natural": "2", "typed": ""}[trial["kind"]], "other.json"
    )
    sums = {(judgment.kind, judgment.condition): judgment.estimate for judgment in summarize_answers([one, other])}
    assert sums["same", "speechzip, one person"].value == 1.0
    assert sums["same", "speechzip, two people"].value == 0.5
    assert sums["natural", "speechzip"].value == 3.5
    assert sums["typed", "original"].value == 0.5
    assert 0.5 <= sums["nearer", "speechzip"].value < 1.0
    assert sums["same", "original, one person"].count == 12


def test_the_command_sums_up(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answers = write_answers(written, perfect)
    elsewhere = answers.rename(written.parent / "moved.json")
    evaluate_corpus(corpus=None, answers=[elsewhere], listening_test=written)
    assert re.search(r"right one of two +speechzip +100% \[100%, 100%\] +10\n", capsys.readouterr().out)


@pytest.mark.parametrize(
    "content",
    [
        "", "[]", "{}", "[" * 100_000, '{"schema": 2, "answers": {}}', '{"schema": 1, "answers": []}',
        '{"schema": 1, "answers": {}}', '{"schema": 1, "test": "TEST", "answers": {"999": "same"}}',
        '{"schema": 1, "test": "TEST", "answers": {"001": 1}}',
        '{"schema": 1, "test": "TEST", "answers": {"001": "\\u001b"}}',
    ],
)  # fmt: skip
def test_files_that_are_no_answers(written: Path, content: str) -> None:
    path = written / "answers.json"
    key = key_of(written)
    key["trials"][0]["kind"] = "natural"
    (written / "key.json").write_text(json.dumps(key), "utf-8")
    path.write_text(content.replace("TEST", key["test"]), "utf-8")
    with pytest.raises(InputError) as caught:
        summarize_answers([path])
    assert "\x1b" not in str(caught.value)


def test_a_key_that_is_none(written: Path) -> None:
    answers = write_answers(written, perfect)
    (written / "key.json").write_text('{"schema": 1, "trials": [{"id": "001"}]}', "utf-8")
    with pytest.raises(InputError, match="no key"):
        summarize_answers([answers])


@pytest.mark.processes
@needs_chromium
def test_a_person_answers_in_a_browser(written: Path) -> None:
    """By mouse and keyboard; the file that is saved can be summed up."""
    key = key_of(written)
    right = {trial["id"]: trial for trial in key["trials"]}
    with (
        sync_playwright() as playwright,
        browse(playwright, (written / "listen.html").as_uri(), written / "profile") as tab,
    ):
        page = tab.page
        page.fill("#listener", "Änna B.")
        page.click("#begin")
        for number, trial in enumerate(right.values(), start=1):
            expect(page.locator("#place")).to_have_text(f"Question {number} of {len(right)}")
            expect(page.locator("#next")).to_be_disabled()
            for button in page.locator("button.play").all():
                button.click()
            if trial["kind"] == "typed":
                page.fill("#typed", trial["right"])
            else:
                page.locator(f'#choices button[value="{perfect(trial)}"]').click()
            page.click("#next")
        with page.expect_download() as download:
            page.click("#save")
        assert download.value.suggested_filename == "answers-_nna_B_.json"
        saved = written / "saved.json"
        download.value.save_as(saved)
        assert tab.page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        assert tab.problems == []
    assert json.loads(saved.read_text("utf-8"))["listener"] == "Änna B."
    for judgment in summarize_answers([saved]):
        bad = {"typed": 0.0, "natural": 5.0}.get(judgment.kind)
        assert judgment.estimate.value == (bad if bad is not None else float("two people" not in judgment.condition))
