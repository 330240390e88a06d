"""A run as one task: its options, what existing answers come from, its parts checked, and carrying it out."""
