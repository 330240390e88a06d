"""In front of a live model: an OpenAI-compatible endpoint that judges every exchange before an answer leaves."""
