"""Recipes that come with hantei, settings of accelerate to start them with, and the whole loop in one flat script."""
