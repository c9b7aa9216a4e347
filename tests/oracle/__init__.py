"""A second opinion on time: the contract's rules in plain loops, sharing nothing with the product.

Slow and obvious on purpose. `calendars` reads calendar files, `words` reads amounts, thresholds
and instants, `clock` counts, `evaluate` judges one rule on one timeline. The numbers in comments
(docs/time.md 7) are those of the project's page on time.
"""
