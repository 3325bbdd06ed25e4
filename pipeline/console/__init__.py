"""The program at a terminal: untrusted text made printable, options, errors with remedies, progress, signals, exits."""
