"""Exporting, measured."""
