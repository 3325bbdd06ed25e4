"""Recordings in: any sound file, in blocks, at the engines' rate."""
