"""A payload as packets and back, without clocks and sockets.

wire        a packet as bytes: payload, fragment, parity
cutting     a payload as parts that can be decoded alone
parity      packets that replace lost ones
packing     a payload in, packets out
unpacking   packets in, payloads and reports of missing packets out
padding     packets in frames of a fixed length
text        packets as lines of text, and back from a pasted blob
qr          packets as QR codes
airtime     how long packets are on the air, also within a duty cycle
presets     what each link carries
plan        packets, bytes and air time over each link
"""
