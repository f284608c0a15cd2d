"""Figures over many traces and steps: roll-ups, percentiles, grades and insights."""
