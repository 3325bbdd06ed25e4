"""English words to phones: stress, weak forms, homographs and pauses."""
