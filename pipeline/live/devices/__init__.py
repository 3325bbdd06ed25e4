"""Sources and sinks of sound and reports: sound devices, files, terminal and page."""
