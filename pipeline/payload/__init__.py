"""The bytes of a payload."""
