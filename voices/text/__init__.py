"""English text on its way to speech: what is read aloud for what is written, and how words are pronounced."""
