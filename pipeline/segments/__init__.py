"""Where somebody speaks, who it is, and what is no speech."""
