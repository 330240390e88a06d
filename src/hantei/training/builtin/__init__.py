"""Training the built-in judge: sources, written rows, fitting, evaluation, its card."""
