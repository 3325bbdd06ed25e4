"""The real client library of Meshtastic against a stand-in radio; no radio was at hand."""

from __future__ import annotations

import itertools
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest
from fakes import GOLDEN
from speechzip.pipeline import InputError, LinkError
from speechzip.pipeline.links import Inbox, Received, SendState, open_carrier, pack
from speechzip.pipeline.links.mesh import carrier as mesh
from speechzip.pipeline.links.mesh.pacing import (
    DIRECT_OVERHEAD,
    DUTY_CYCLES,
    HOUR_S,
    PRESETS,
    REPORT_S,
    TRIES,
    Pacer,
    custom_modem,
    preset_modem,
)
from speechzip.pipeline.links.mesh.radio import routing_error
from stand_in_radio import Air, StandInRadio, protobuf, two_radios

pytest.importorskip("meshtastic")
# The library leaves its socket to the garbage collector where a radio goes.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnhandledThreadExceptionWarning"
)
DATA = bytes.fromhex((GOLDEN / "two-channels.hex").read_text("ascii"))
PACKETS = pack(DATA, 44, parity=1).packets


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.setattr(mesh, "ACKNOWLEDGE_S", 20.0)
    monkeypatch.setattr(mesh, "WAIT_STEP_S", 0.05)


def exchange(
    radios: tuple[StandInRadio, StandInRadio], packets: Sequence[bytes], options: dict[str, Any], seconds: float = 1.0
) -> tuple[list[SendState], list[Received]]:
    """Send packets by the first radio; return the steps, and what the second brings until it is quiet."""
    listening = open_carrier(f"meshtastic:127.0.0.1:{radios[1].port}", {}).receive()
    assert "!0000beef" in getattr(next(listening), "text", "")
    states: list[SendState] = []

    def send() -> None:
        states.extend(open_carrier(f"meshtastic:127.0.0.1:{radios[0].port}", options).send(packets))

    sending = threading.Thread(target=send)
    sending.start()
    received: list[Received] = []
    quiet_since_s: float | None = None
    for each in listening:
        if isinstance(each, Received):
            received.append(each)
        if sending.is_alive() or isinstance(each, Received):
            quiet_since_s = None
        else:
            quiet_since_s = quiet_since_s or time.monotonic()
            if time.monotonic() - quiet_since_s > seconds:
                break
    listening.close()  # type: ignore[attr-defined]
    return states, received


@pytest.mark.slow
def test_a_direct_message_is_acknowledged() -> None:
    with two_radios(Air()) as radios:
        states, received = exchange(radios, PACKETS[:2], {"to": "!0000beef"})
    assert [(state.phase, state.packet) for state in states] == [
        ("sending", 0), ("acknowledged", 0), ("sending", 1), ("acknowledged", 1),
    ]  # fmt: skip
    assert [each.packet for each in received] == list(PACKETS[:2])
    assert {each.sender for each in received} == {"!a1b2c3d4"}


@pytest.mark.slow
def test_what_is_lost_delayed_and_doubled_arrives_by_retries_and_parity() -> None:
    air = Air(loss=0.4, delay_s=0.1, duplicates=True, seed=3)
    with two_radios(air) as radios:
        states, received = exchange(radios, PACKETS, {})
    assert {state.phase for state in states} == {"sending", "sent"}
    assert len(air.sent) > len(PACKETS)  # the firmware has tried again
    inbox = Inbox()
    arrivals = [inbox.push(each.packet, 0.0, each.sender) for each in received]
    assert any(arrival.is_duplicate for arrival in arrivals)
    last = [arrival.message for arrival in arrivals if arrival.message][-1]
    assert last.missing == ()


@pytest.mark.slow
def test_what_never_arrives_is_told() -> None:
    with two_radios(Air(loss=1.0)) as radios:
        states, received = exchange(radios, PACKETS[:1], {"to": "!0000beef"}, seconds=0.2)
        broadcast, _ = exchange(radios, PACKETS[:1], {}, seconds=0.2)
    assert (states[-1].phase, states[-1].detail) == ("failed", "the radio says MAX_RETRANSMIT: nobody answered")
    assert (broadcast[-1].phase, broadcast[-1].detail) == ("sent", "nobody was heard to repeat it")
    assert received == []


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"channel_use": 40.0}, "the channel is busy 40 % of the time"),
        ({"region": "EU_868", "sent": 9.99}, "the duty cycle of 10 % is used up"),
    ],
)
def test_it_waits_for_the_channel_and_the_duty_cycle(options: dict[str, Any], why: str) -> None:
    air = Air()
    with two_radios(air, **options) as radios:
        steps = open_carrier(f"meshtastic:127.0.0.1:{radios[0].port}", {}).send(PACKETS[:1])
        state = next(steps)
        assert (state.phase, state.packet) == ("waiting", 0)
        assert why in state.detail
        steps.close()  # type: ignore[attr-defined]
    assert air.sent == []


@pytest.mark.parametrize("reports", [False, True])
@pytest.mark.parametrize("tries", [1, TRIES])
def test_the_duty_cycle_of_an_hour_is_never_exceeded(reports: bool, tries: int) -> None:
    """With LongFast, 231 bytes take 2.1 s: 1 % of an hour has room for 17, or for 5 that are tried three times."""
    airtime_s = preset_modem("LONG_FAST").seconds(231)
    assert airtime_s == pytest.approx(2.1, abs=0.15)
    pacer, now_s = Pacer(0.01), 0.0
    on_air: list[float] = []  # when each try began

    def reported() -> float | None:
        """Return what the firmware tells, which is up to a minute old."""
        told_s = now_s - now_s % 60
        return 100 * sum(told_s - HOUR_S < at_s < told_s for at_s in on_air) * airtime_s / HOUR_S if reports else None

    while now_s < 4 * HOUR_S:
        while (wait_s := pacer.wait_s(airtime_s, now_s, reported())) > 0:
            now_s += min(wait_s, 30.0)
        pacer.sent(airtime_s, now_s)
        on_air += [now_s + each * airtime_s for each in range(tries)]
        now_s += tries * airtime_s
    for begin_s in on_air:
        within = [at_s for at_s in on_air if begin_s <= at_s < begin_s + HOUR_S]
        assert len(within) * airtime_s <= 0.01 * HOUR_S
    used = len(on_air) * airtime_s / (4 * HOUR_S)
    assert used > 0.003  # of 0.01: without reports, each packet counts three times


def test_other_programs_of_the_radio_count_too() -> None:
    assert Pacer(0.01).wait_s(2.1, 0.0, reported_percent=0.9) == REPORT_S
    assert Pacer(0.01).wait_s(2.1, 0.0, reported_percent=0.8) == 0.0


def test_modulations_by_name_and_by_hand() -> None:
    """A preset that only a newer firmware knows counts as a slow one; so does nonsense."""
    assert preset_modem("NEWEST").seconds(100) == preset_modem("LONG_SLOW").seconds(100)
    assert custom_modem(11, 250, 5) == preset_modem("LONG_FAST")
    assert custom_modem(8, 62, 6) == preset_modem("NARROW_SLOW")
    assert custom_modem(0, 0, 0) == preset_modem("LONG_SLOW")
    assert preset_modem("LONG_FAST", DIRECT_OVERHEAD).seconds(219) == preset_modem("LONG_FAST").seconds(231)
    names = protobuf("config_pb2").Config.LoRaConfig
    assert set(PRESETS) == set(names.ModemPreset.keys())
    assert set(mesh.ADVICE) <= set(protobuf("mesh_pb2").Routing.Error.keys())
    assert set(DUTY_CYCLES) <= set(names.RegionCode.keys())


def test_a_packet_that_no_duty_cycle_has_room_for_is_refused() -> None:
    with two_radios(Air(), region="UA_868") as radios:
        steps = open_carrier(f"meshtastic:127.0.0.1:{radios[0].port}", {"duty_cycle": 0.001}).send([bytes(231)])
        with pytest.raises(InputError, match=r"with its 3 tries.*allows 4 s in an hour: send smaller packets"):
            next(steps)


@pytest.mark.slow
def test_a_radio_that_goes_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mesh, "RETRY_S", 0.1)
    air = Air()
    with two_radios(air) as radios:
        listening = open_carrier(f"meshtastic:127.0.0.1:{radios[1].port}", {}).receive()
        assert "!0000beef" in getattr(next(listening), "text", "")
        radios[1].close()
        gone = next(each for each in listening if each is not None)
        assert "is gone" in getattr(gone, "text", "")
        StandInRadio(0x0000BEEF, air, port=radios[1].port)
        assert any("!0000beef" in getattr(each, "text", "") for each in itertools.islice(listening, 200))
        states: list[SendState] = []
        sending = threading.Thread(
            target=lambda: states.extend(open_carrier(f"meshtastic:127.0.0.1:{radios[0].port}", {}).send(PACKETS[:1]))
        )
        sending.start()
        assert next(each for each in listening if each is not None).packet == PACKETS[0]  # type: ignore[union-attr]
        sending.join()
        listening.close()  # type: ignore[attr-defined]


@pytest.mark.slow
def test_a_radio_that_goes_while_it_sends_is_told() -> None:
    with two_radios(Air(loss=1.0, delay_s=5.0)) as radios:
        steps = open_carrier(f"meshtastic:127.0.0.1:{radios[0].port}", {}).send(PACKETS[:1])
        assert next(steps).phase == "sending"
        threading.Timer(0.5, radios[0].close).start()
        with pytest.raises(LinkError, match="is gone; is it still on"):
            next(steps)


def test_a_report_that_is_garbage_is_told_as_such() -> None:
    """Anybody in the channel can send one: the numbers of our packets are seen on the air."""
    routing = protobuf("mesh_pb2").Routing
    assert routing_error(routing(error_reason=0).SerializeToString()) == "NONE"
    assert routing_error(routing(error_reason=5).SerializeToString()) == "MAX_RETRANSMIT"
    assert routing_error(b"\x18\xff") == "something that cannot be read"


def test_what_is_wrong_is_said() -> None:
    with pytest.raises(InputError, match="where the radio is"):
        open_carrier("meshtastic", {})
    with pytest.raises(InputError, match="is no node"):
        open_carrier("meshtastic:radio", {"to": "anna"})
    with pytest.raises(InputError, match="channels 0 to 7"):
        open_carrier("meshtastic:radio", {"channel": 8})
    with pytest.raises(InputError, match="0 to 7 hops"):
        open_carrier("meshtastic:radio", {"hop_limit": 8})
    with pytest.raises(InputError, match="duty cycle"):
        open_carrier("meshtastic:radio", {"duty_cycle": 1.5})
    with pytest.raises(LinkError, match=r"127\.0\.0\.1:9 cannot be reached"):
        list(open_carrier("meshtastic:127.0.0.1:9", {}).send(PACKETS))
    with pytest.raises(LinkError, match=r"/dev/nothing cannot be reached"):
        list(open_carrier("meshtastic:/dev/nothing", {}).send(PACKETS))
    with pytest.raises(LinkError, match=r"ble:nobody cannot be reached.*is Bluetooth on, and is the radio paired"):
        list(open_carrier("meshtastic:ble:nobody", {}).send(PACKETS))
    assert open_carrier("meshtastic:radio", {"to": "!0000beef"}).packet_bytes == 219
    assert open_carrier("meshtastic:radio", {}).packet_bytes == 231


def test_a_missing_library_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pubsub", None)
    monkeypatch.delitem(sys.modules, "pubsub.pub", raising=False)
    with pytest.raises(LinkError, match=r"needs pubsub.*speechzip\[meshtastic\]"):
        list(open_carrier("meshtastic:radio", {}).send(PACKETS))
