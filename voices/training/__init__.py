"""How the trained voice was made: from recordings to the shipped weights."""
