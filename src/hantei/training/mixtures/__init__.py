"""Training data as an exact mixture: a recipe names sources and copies, a manifest says what came of them."""
