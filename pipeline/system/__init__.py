"""What the machine lends: whole files, threads, sessions of neural networks, files of installed packages."""
