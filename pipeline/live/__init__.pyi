# Names of the front door and their modules: read by type checkers, and at run time when a name is first used.
from .devices.loudspeaker import Loudspeaker
from .limits import LIMITS, Limits
from .reports import (
    Delivered,
    Heard,
    Level,
    Lost,
    Notice,
    Observer,
    Pairing,
    PartialTranscript,
    PeerStatus,
    Played,
    Playing,
    Report,
    Said,
    Traffic,
    to_json,
)
from .session.connecting import Connect, dial, wait_for_calls
from .session.conversation import Conversation
from .session.engines import LiveEngines
from .session.session import FrontEnd, Session, SessionOptions, run_session
from .wire.messages import Status
from .wire.pairing import parse_address
from .wire.security import Address
from .wire.state import LinkState

__all__ = [
    "LIMITS", "Address", "Connect", "Conversation", "Delivered", "FrontEnd", "Heard", "Level", "Limits", "LinkState",
    "LiveEngines", "Lost", "Loudspeaker", "Notice", "Observer", "Pairing", "PartialTranscript", "PeerStatus", "Played",
    "Playing", "Report", "Said", "Session", "SessionOptions", "Status", "Traffic",
    "dial", "parse_address", "run_session", "to_json", "wait_for_calls",
]  # fmt: skip
