"""Unread speech: its marks in a payload, and the sound that may be sent for them."""

SOUND_BYTES = 4000
"""Default budget: about five seconds of Opus, 27 or 45 of Codec2. It is here since the command line loads no NumPy."""
