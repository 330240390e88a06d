"""A world small enough to prove the plumbing: dialogues whose facts are known, models of under a million weights."""
