"""Encoders as judges: small transformers that classify a question and its answer, ``encoder@hf/PATH``."""
