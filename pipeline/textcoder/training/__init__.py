"""How the shipped weights were made; needs the extra `train`. See `__main__`."""
