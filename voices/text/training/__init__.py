"""Pack the dictionary and train the network for unknown words; needs the extra `train`."""
