"""What is announced: events on their way from a commit to whoever listens."""
