"""What a person sees on a terminal: untrusted text made printable, errors with their remedies, a progress bar."""
