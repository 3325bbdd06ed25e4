"""English text to speech: normalization to words, and the pronunciation of words."""
