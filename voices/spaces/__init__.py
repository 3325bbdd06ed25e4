"""The bytes of voices: what an embedding means in each of our own spaces."""
