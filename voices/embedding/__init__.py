"""Speaker embeddings, which distinguish voices."""
