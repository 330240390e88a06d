"""Tuning language models on TRL: what is trained is shown and checked first, and a kill at any step changes nothing."""
