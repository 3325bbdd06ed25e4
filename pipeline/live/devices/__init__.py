"""Where sound and reports come from and go to: sound devices, files, terminal and page."""
