"""Cascades: a cheap judge whose verdict stands where it is sure, and an expensive one for the rest."""
