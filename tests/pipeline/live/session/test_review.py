from __future__ import annotations

import asyncio

import pytest
from live_ends import run
from speechzip.pipeline import Payload, Speaker, Utterance, Voice
from speechzip.pipeline.live.reports import Report, Review, Reviewed
from speechzip.pipeline.live.session.review import MAX_REVIEW_S, Reviewing
from speechzip.pipeline.live.session.transcriber import OutgoingUtterance

HELD_S = 0.05


def said(text: str, confidence: float = 0.95) -> OutgoingUtterance:
    speaker = Speaker(Voice("classical", b"x"))
    return OutgoingUtterance(Payload((speaker,), (Utterance(0.0, 1.0, 0, text, confidence),), 1.0), 1.0)


class Reviewer:
    """Records reports and sent utterances."""

    def __init__(self) -> None:
        self.reports: list[Report] = []
        self.sent: list[str] = []
        self.review = Reviewing(self.reports.append)

    def hold(self, text: str, confidence: float = 0.95) -> None:
        self.review.hold(said(text, confidence), lambda: self.sent.append(text))


def test_without_a_review_words_go_at_once() -> None:
    async def test() -> None:
        person = Reviewer()
        person.hold("Hello.")
        assert (person.sent, person.reports, len(person.review)) == (["Hello."], [], 0)

    run(test)


def test_words_are_shown_then_sent_in_order() -> None:
    async def test() -> None:
        person = Reviewer()
        person.review.set_seconds(HELD_S)
        person.hold("One.")
        person.hold("Two.", confidence=0.5)
        person.hold("", confidence=0.5)
        assert person.sent == []
        assert person.reports == [
            Review(1, "One.", HELD_S, unsure=False),
            Review(2, "Two.", HELD_S, unsure=True),
            Review(3, "[unclear 1.0 s]", HELD_S, unsure=True),
        ]
        while len(person.review):
            await asyncio.sleep(0.01)
        assert person.sent == ["One.", "Two.", ""]
        assert person.reports[3:] == [Reviewed(number, dropped=False) for number in (1, 2, 3)]

    run(test)


def test_single_words_are_unsure() -> None:
    async def test() -> None:
        person = Reviewer()
        person.review.set_seconds(HELD_S)
        utterance = Utterance(0.0, 1.0, 0, "I drive a four fusion.", unsure_words=(3, 4))
        payload = Payload((Speaker(Voice("classical", b"\x00")),), (utterance,), 1.0)
        person.review.hold(OutgoingUtterance(payload, 1.0), lambda: None)
        assert person.reports == [Review(1, "I drive a four fusion.", HELD_S, unsure=False, unsure_words=(3, 4))]
        person.review.drop()

    run(test)


def test_dropped_words_are_never_sent() -> None:
    async def test() -> None:
        person = Reviewer()
        person.review.set_seconds(HELD_S)
        person.hold("Wrong.")
        person.review.drop()
        person.hold("Right.")
        while len(person.review):
            await asyncio.sleep(0.01)
        await asyncio.sleep(2 * HELD_S)
        assert person.sent == ["Right."]
        assert person.reports[1] == Reviewed(1, dropped=True)

    run(test)


def test_switched_off_nothing_overtakes_what_is_shown() -> None:
    async def test() -> None:
        person = Reviewer()
        person.review.set_seconds(30.0)
        person.hold("First.")
        person.review.set_seconds(0)
        person.hold("Second.")
        assert person.sent == ["First.", "Second."]
        assert len(person.review) == 0

    run(test)


@pytest.mark.parametrize(("asked", "held"), [(-1.0, 0.0), (1e9, MAX_REVIEW_S)])
def test_a_time_beyond_reason_is_cut(asked: float, held: float) -> None:
    async def test() -> None:
        person = Reviewer()
        person.review.set_seconds(asked)
        person.hold("Hello.")
        assert [report.seconds for report in person.reports if isinstance(report, Review)] == ([held] if held else [])
        person.review.drop()

    run(test)
