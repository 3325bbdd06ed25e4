"""Normalization: figures, dates, abbreviations, symbols and other scripts as words."""
