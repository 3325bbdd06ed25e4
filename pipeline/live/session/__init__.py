"""A conversation at one end: sound to utterances, utterances to sound."""
