"""A small evaluation that is compared with the last release's: nothing gets worse unseen."""
