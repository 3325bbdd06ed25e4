"""Running an evaluation: plan, workers, observations and their store."""
