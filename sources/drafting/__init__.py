"""Drafting a contract from a file nobody described: what the bytes are, where the table is, what its columns look like.

Belongs here: reading a file to propose. Does not belong here: reading a delivery (`landing.py`), anything that lands. Nothing
here ever writes a value of the file, only headers, counts and kinds: a draft is read, copied and mailed.
"""
