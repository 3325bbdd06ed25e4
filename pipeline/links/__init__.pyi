# What the front door exports, and where from: read by type checkers and, lazily, at run time.
from .carrier import Carrier, Received, SendState, carrier_names, open_carrier
from .hf.carrier import signal
from .hf.modem import MODEM_RATE, Modem
from .packets.airtime import Burst
from .packets.packing import Packed, pack
from .packets.padding import unpad
from .packets.plan import Plan, plan
from .packets.presets import PRESETS
from .packets.unpacking import Inbox, join_payloads
from .receiving import Mailbox, MessageState
from .sending import Transmission, prepare, transmit

__all__ = [
    "MODEM_RATE", "PRESETS", "Burst", "Carrier", "Inbox", "Mailbox", "MessageState", "Modem", "Packed", "Plan",
    "Received", "SendState", "Transmission",
    "carrier_names", "join_payloads", "open_carrier", "pack", "plan", "prepare", "signal", "transmit", "unpad",
]  # fmt: skip
