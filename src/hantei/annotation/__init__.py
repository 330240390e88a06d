"""The page on which people label answers: guideline cards, what is shown, labels that are never lost, the server.

What people say are judgments of ``human:NAME`` in the run's folder ``labels``, so that everything that reads judges
reads them at once.
"""
