# What the front door exports, and where from: read by type checkers and, lazily, at run time.
from .carrier import Carrier, Received, SendState, carrier_names, open_carrier
from .hf.carrier import signal
from .hf.modem import MODEM_RATE, Modem
from .packing import Packed, pack
from .padding import unpad
from .plan import Plan, plan
from .presets import PRESETS
from .receiving import Mailbox, MessageState
from .sending import Transmission, prepare, transmit
from .unpacking import Inbox, join_payloads

__all__ = [
    "MODEM_RATE", "PRESETS", "Carrier", "Inbox", "Mailbox", "MessageState", "Modem", "Packed", "Plan", "Received",
    "SendState", "Transmission",
    "carrier_names", "join_payloads", "open_carrier", "pack", "plan", "prepare", "signal", "transmit", "unpad",
]  # fmt: skip
