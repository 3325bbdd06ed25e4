"""What the machine lends: whole files, a data folder, threads, networks' sessions, files of installed packages."""
