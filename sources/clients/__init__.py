"""Clients of platform APIs: everything that is new at a platform, as a file to land.

Here: the grammar of a contract's `api` section (`api.py`), asking (`session.py`, `credentials.py`), turning pages (`paging.py`,
`rest.py`), what a platform is (`platforms/`), keeping a crawl and judging it complete (`store.py`, `crawl.py`), the file it
gives (`bundle.py`). Not here: what the rows mean (contracts), landing them (`sources.landing`), when to crawl (orchestration).

Nothing is imported from here on its own: a contract needs `api.py` every night, and `requests` only when a platform is asked.
"""
