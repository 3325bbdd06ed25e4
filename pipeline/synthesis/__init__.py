"""The checks on any synthesizer, and the sentences of a text."""
