"""Services of the machine: atomic files, the data folder, threads, networks, files of installed packages."""
