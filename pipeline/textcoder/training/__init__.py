"""The recipe of the shipped weights; needs the extra `train`. See `__main__`."""
