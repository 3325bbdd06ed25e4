"""Live conversations: push-to-talk over a link, in the terminal and in the browser.

frames, messages    bytes on the wire
streams, link       the protocol as a state machine, without sockets or clocks
transport, security sockets, reconnection, TLS and pairing
talker, speech      sound to utterances while somebody speaks, utterances to sound
conversation, party all of it together; files and devices at its ends
"""

from .commands import add_commands

__all__ = ["add_commands"]
