"""The bytes that the product writes, pinned: entries, an export, a slip, notices, a demonstration.

`python -m tests.golden` writes the files of this folder again; `README.md` says when to.
"""
