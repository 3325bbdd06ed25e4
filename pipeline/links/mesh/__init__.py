"""Meshtastic as a link (extra ``meshtastic``; its client is GPL-3.0, and is imported only for this link)."""
