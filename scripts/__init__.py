"""The verbs of the workplace: what `make` and the continuous integration run."""
