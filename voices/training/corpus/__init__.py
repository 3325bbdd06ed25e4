"""The recordings that the networks learn from: measured, aligned, and packed into shards."""
