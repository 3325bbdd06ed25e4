"""Everything that is written otherwise, in words: figures, dates, abbreviations, symbols, other scripts."""
