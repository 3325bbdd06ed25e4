"""Small links: a payload as packets of a few bytes each, and back. Nothing here has a clock or a socket.

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
files       packets as files
commands    ``speechzip pack`` and ``speechzip unpack``
"""
