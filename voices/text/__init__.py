"""English text to phones: normalization to words, and the pronunciation of words."""
