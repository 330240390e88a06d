"""The rows of the tiny recipes, and what makes them: ``python -m hantei.training.recipes.tiny.make``."""
