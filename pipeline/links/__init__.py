"""Small links: a payload as packets of a few bytes each, and back. Nothing here has a clock or a socket.

wire        a packet as bytes: payload, fragment, parity
cutting     a payload as parts that can be decoded alone
packing     a payload in, packets out
parity      packets that stand in for lost ones
unpacking   packets in, payloads and what is missing out
presets     what each link carries
files       packets as files
commands    ``speechzip pack`` and ``speechzip unpack``
"""
