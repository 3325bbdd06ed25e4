"""Services of the machine: atomic files, the data folder, threads, memory, networks, files of installed packages."""
