"""The generative judge: a language model tuned to say whether an answer is safe, and then why."""
