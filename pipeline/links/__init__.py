"""Small links: a payload as packets of a few bytes each and back, and what carries them.

Without clocks and sockets:

    wire        a packet as bytes: payload, fragment, parity
    cutting     a payload as parts that can be decoded alone
    packing     a payload in, packets out
    parity      packets that stand in for lost ones
    unpacking   packets in, payloads and what is missing out
    presets     what each link carries
    airtime     how long packets are on the air, and what a duty cycle makes of it
    plan        what sending would take over each link
    text        packets as lines of text, and back from a pasted blob
    qr          packets as QR codes
    padding     packets in frames of a fixed length

With them:

    carrier     the interface of a link, and how it is found by name
    hf          FreeDV's modem
    peers       voices that are sent once to each peer
    dictation   a microphone to messages
    sending     a payload over a carrier; receiving: packets from one to messages in a folder
    files       packets as files
    commands    ``speechzip pack`` and ``speechzip unpack``; transfer: ``speechzip send`` and ``speechzip receive``

Importing this package loads nothing yet. `__init__.pyi` says which module each name comes from.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
