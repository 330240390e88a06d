"""Building a benchmark: drafts, filters, review by people, release. One folder flows through all steps.

    templates or a model --draft--> drafts --filter--> kept --review--> accepted --release--> a benchmark

Every draft is a ``Prompt`` that keeps where it comes from (``lineage``). This room stands above the engine: nothing
else in ``benchmarks`` imports it.
"""
