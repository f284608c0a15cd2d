"""The steps that bring a database from empty to what the models declare."""
