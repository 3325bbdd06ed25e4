"""Speaker embeddings, which tell voices apart."""
