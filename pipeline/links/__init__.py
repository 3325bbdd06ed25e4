"""Small links: payloads as packets of a few bytes, and the carriers that move them.

    packets     a payload as packets and back, without clocks and sockets
    carrier     the interface of a link, and how it is found by name
    hf          FreeDV's modem
    kiss        packet radio
    mesh        Meshtastic
    reticulum   messages and live conversations over Reticulum
    serialport  serial ports, for modems and radios
    peers       the voices that each peer already has
    sending     a payload over a carrier
    receiving   packets from a carrier to messages in a folder
    dictation   a microphone to messages
    files       packets as files
    describing  messages and sending, as JSON and as lines
    commands    ``speechzip pack`` and ``speechzip unpack``
    transfer    ``speechzip send`` and ``speechzip receive``

Importing this package loads nothing yet. `__init__.pyi` says which module each name comes from.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
