from __future__ import annotations

import pytest
from speechzip.pipeline.links.packets.airtime import Bitrate, Burst, Lora, duty_cycle_s
from speechzip.pipeline.links.packets.presets import PRESETS


@pytest.mark.parametrize(
    ("factor", "coding_rate", "size", "milliseconds"),
    [
        # The sheets "Formulas taken from AN1200.13" of LoRaWAN's users: 125 kHz, preamble of 8 symbols
        (9, 1, 13, 164.864),
        (7, 1, 37, 82.176),
        (8, 1, 37, 143.872),
        (9, 1, 37, 267.264),
        (10, 1, 37, 493.568),
        (11, 1, 37, 1069.056),
        (12, 1, 37, 1974.272),
        # RF Wireless World's LoRaWAN airtime calculator, examples 1 and 2
        (7, 1, 10, 41.216),
        (11, 1, 10, 577.536),
    ],
)
def test_lora_takes_as_long_as_published(factor: int, coding_rate: int, size: int, milliseconds: float) -> None:
    assert 1000 * Lora(factor, 125_000, coding_rate, 8, 0).seconds(size) == pytest.approx(milliseconds)


def test_bytes_that_a_protocol_adds_are_on_the_air_too() -> None:
    assert Lora(7, 125_000, 1, 8, 13).seconds(222) == Lora(7, 125_000, 1, 8, 0).seconds(235)
    assert Bitrate(1200, 18).seconds(132) == 1.0
    assert (Burst(5.4).seconds(1), Burst(5.4).seconds(54)) == (5.4, 5.4)


def test_a_duty_cycle_makes_packets_wait() -> None:
    assert duty_cycle_s([2.0], 0.01) == 2.0
    assert duty_cycle_s([2.0, 1.0, 3.0], 0.1) == pytest.approx(33.0)


def test_modems_of_the_presets() -> None:
    assert [name for name, preset in PRESETS.items() if preset.modem is None] == [
        "lxmf", "sms", "sms-long", "sbd-mo", "sbd-mt",
    ]  # fmt: skip
    slow, burst = PRESETS["lorawan-dr0"].modem, PRESETS["datac4"].modem
    assert slow == Lora(12, 125_000, 1, 8, 13)
    assert burst == Burst(5.4)
