"""A packet as a QR code (extra ``qr``): base32 in its alphanumeric mode, so that any phone shows it as text."""

from __future__ import annotations

from io import BytesIO

from ...errors import EngineError
from .text import MAX_CHARACTERS, packet_lines

MODULE_PIXELS = 8


def encode_qr(packet: bytes) -> bytes:
    """Return a PNG image; ``speechzip unpack`` reads the text that a phone shows.

    Raises:
        EngineError: segno is not installed.
        InputError: the packet is too long for one line of text.
    """
    try:
        import segno
    except ImportError as error:
        raise EngineError("QR codes need segno: pip install 'speechzip[qr]'") from error
    (line,) = packet_lines(packet, "base32", line=2 * MAX_CHARACTERS)
    image = BytesIO()
    segno.make_qr(line, error="m").save(image, kind="png", scale=MODULE_PIXELS)
    return image.getvalue()
