"""How words sound: the lexicon's phones, and a network that guesses those of unknown words."""
