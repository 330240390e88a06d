"""Rewriting unsafe answers from their critiques: what is asked, under which names versions stand, what came of it."""
