"""The FreeDV data modes as a link: sound for a short-wave transceiver (extra ``hf``)."""
