"""Serial ports by pyserial, with its errors in our words."""

from __future__ import annotations

from typing import Any

from ..errors import DeviceError
from .carrier import load_library


def open_serial(
    link: str, extra: str, port: str, baud: int = 9600, timeout_s: float | None = None, keyed: bool = True
) -> Any:
    """Return an open `serial.Serial`.

    Args:
        link: its name, for the message about a missing library.
        extra: the extra that brings pyserial.
        port: path of the port, such as /dev/ttyUSB0.
        baud: speed of the line.
        timeout_s: how long a read waits.
        keyed: whether the lines RTS and DTR are on from the beginning, as programs expect; they key a transmitter.

    Raises:
        LinkError: pyserial is not installed.
        DeviceError: there is no such port, it is taken, or the user may not use it.
    """
    serial = load_library(link, "serial", extra)
    try:
        line = serial.Serial(baudrate=baud, timeout=timeout_s, exclusive=True)
        line.rts = line.dtr = keyed
        line.port = port
        line.open()
        return line
    except (OSError, ValueError) as error:  # serial.SerialException is an OSError
        number = getattr(error, "errno", None)
        advice = {
            2: "is it plugged in?",
            13: "add yourself to its group (Debian: adduser USER dialout) and log in again",
            16: "another program uses it",
        }.get(number or 0, "is it plugged in, and free?")
        raise DeviceError(f"the serial port {port} cannot be opened ({error}); {advice}") from error


def gone(port: str, error: OSError) -> DeviceError:
    """Return the error for a serial port that fails while it is used."""
    return DeviceError(f"the serial port {port} has stopped ({error}); is it still plugged in?")
