"""The parametric voice: measured without training, spoken by espeak-ng."""
