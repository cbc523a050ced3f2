"""Everything of the API but runs: records that are made, listed, shown, changed and deleted.

``dispatch`` finds the operation of a request; ``table`` says which kind of record it is about;
``actions`` does what all kinds have in common, and ``special`` what only one has.
"""
