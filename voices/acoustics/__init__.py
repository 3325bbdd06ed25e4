"""Signal processing: pitch, spectra, loudness and the vocoder."""
