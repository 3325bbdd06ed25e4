"""Both ends on this machine, for the demonstration and the benchmark."""
