"""Critiques, measured: atomic units, what they are checked against, scores, and whether the measuring is right."""
