"""How many bytes one packet carries over a link, by the link's name."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import InputError


@dataclass(frozen=True, slots=True)
class Preset:
    """What a link carries at once."""

    size: int
    """Bytes of the longest packet."""
    source: str
    """Where the number is from."""


PRESETS = {
    "meshtastic": Preset(231, "Data payload 233 bytes (mesh.options), less 2 for the sender's bitfield"),
    "meshtastic-pki": Preset(219, "a direct message: 12 bytes less, for the tag and nonce of its encryption"),
    "lxmf": Preset(287, "content of an opportunistic LXMF message, measured with lxmf 1.2.1: 287 to 295"),
    "sms": Preset(140, "3GPP TS 23.040: user data of a short message in 8 bits"),
    "sms-long": Preset(134, "3GPP TS 23.040: 140 less 6 of the header of concatenation"),
    "sbd-mo": Preset(340, "Iridium 9602 developer's guide: mobile originated"),
    "sbd-mt": Preset(270, "Iridium 9602 developer's guide: mobile terminated"),
    "lorawan-dr0": Preset(51, "RP002, EU868: N for DR0, SF12 at 125 kHz"),
    "lorawan-dr1": Preset(51, "RP002, EU868: N for DR1, SF11 at 125 kHz"),
    "lorawan-dr2": Preset(51, "RP002, EU868: N for DR2, SF10 at 125 kHz"),
    "lorawan-dr3": Preset(115, "RP002, EU868: N for DR3, SF9 at 125 kHz"),
    "lorawan-dr4": Preset(222, "RP002, EU868, repeater compatible: N for DR4, SF8 at 125 kHz"),
    "lorawan-dr5": Preset(222, "RP002, EU868, repeater compatible: N for DR5, SF7 at 125 kHz"),
    "datac13": Preset(14, "FreeDV data mode of codec2 1.2: bits_per_modem_frame / 8 less 2 of CRC"),
    "datac4": Preset(54, "FreeDV data mode of codec2 1.2: bits_per_modem_frame / 8 less 2 of CRC"),
    "datac3": Preset(126, "FreeDV data mode of codec2 1.2: bits_per_modem_frame / 8 less 2 of CRC"),
    "datac1": Preset(510, "FreeDV data mode of codec2 1.2: bits_per_modem_frame / 8 less 2 of CRC"),
    "ax25": Preset(256, "AX.25 2.2: information field of a UI frame"),
}
"""Link -> what it carries."""


def preset(name: str) -> Preset:
    """Return the preset of a link.

    Raises:
        InputError: there is none of that name.
    """
    if name not in PRESETS:
        raise InputError(f"no link is called {name!r}; known are {', '.join(PRESETS)}")
    return PRESETS[name]
