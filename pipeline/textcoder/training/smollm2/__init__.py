"""The recipe of the coder `smollm2-1`: an adapter of SmolLM2, trained on talk (extra `train`)."""
