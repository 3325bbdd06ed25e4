"""Training of the second generation of the voice: a teacher for words and melody, many speakers for timbre."""
