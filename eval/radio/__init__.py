"""Links on the air, simulated: a short-wave channel, curves of the HF modem, and ``make radio-demo``."""
