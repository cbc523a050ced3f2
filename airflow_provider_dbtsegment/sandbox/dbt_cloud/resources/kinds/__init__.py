"""What is special about single kinds of records, a file each.

``prepare``, ``after``, ``gone`` and ``show`` go into the kind's row of ``table``; ``HANDLERS`` are
the operations that are none of list, make, show, change and delete.
"""
