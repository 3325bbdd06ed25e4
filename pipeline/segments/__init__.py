"""Speech detection, diarization, channels, and rejection of noise."""
