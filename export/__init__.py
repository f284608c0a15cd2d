"""Chosen sets of traces and steps, streamed out in files."""
