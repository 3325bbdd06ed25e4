"""A payload as packets and back, without clocks and sockets.

wire        a packet as bytes: payload, fragment, parity
cutting     a payload as parts that can be decoded alone
parity      packets that stand in for lost ones
packing     a payload in, packets out
unpacking   packets in, payloads and what is missing out
padding     packets in frames of a fixed length
text        packets as lines of text, and back from a pasted blob
qr          packets as QR codes
airtime     how long packets are on the air, and what a duty cycle makes of it
presets     what each link carries
plan        what sending would take over each link
"""
