"""Voice spaces: the meaning of an embedding's bytes in each of our own spaces."""
