"""How the dictionary is packed and the network for unknown words is trained; needs the extra `train`."""
