"""Training: the built-in judge, encoders, and the threshold of a cascade."""
