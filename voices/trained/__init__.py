"""The trained voice: its encoder, its synthesizer and their networks."""
