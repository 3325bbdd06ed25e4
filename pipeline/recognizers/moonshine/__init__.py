"""Moonshine, the default recognizer: its network, a beam over what it would write, and the best text of the beam."""
