"""Unread speech: its marks in a payload, and the sound that may be sent for them."""
