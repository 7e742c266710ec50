"""Limits of the wire, in one place for both ends: what one end issues the other takes, and what is over a limit neither does.

Each is tested at the limit and one above (`tests/sync/test_limits.py`). Raising one is safe once every bureau and kiosk has it.
"""

from __future__ import annotations

MAX_SEALED = 4 * 1024 * 1024  # bytes of one sealed document, over HTTPS and on a stick
MAX_PLAIN = 16 * 1024 * 1024  # bytes of one document after decompression (against compression bombs)
MAX_HEADER = 1024  # characters of a JOSE header
MAX_BRACKETS = 200_000  # objects and lists in one document (each costs some hundred bytes once parsed)
MAX_COMMAS = 1_500_000  # commas in one document: about as many values
MAX_DEPTH = 24  # objects and lists within each other; the deepest document of ours has 6

MAX_RECORDS = 200  # in one batch
MAX_JOURNAL = 200  # journal lines in one batch
MAX_DECISIONS = 500  # in one answer
MAX_SETTINGS = 64  # keys that the bureau sets at a station
MAX_CODES = 64  # reasons that a report counts
MAX_EVIDENCE = 2 * 1024 * 1024  # bytes of one scan for human review
MAX_EVIDENCE_TEXT = (MAX_EVIDENCE + 2) // 3 * 4  # the same as base64

MAX_STAFF = 5000  # members in one bundle
MAX_REVOKED = 20_000  # revoked members, and revoked keys, in one bundle
MAX_POLICIES = 200  # in one bundle
MAX_POLICY_TEXT = 20_000  # characters of one policy
MAX_MESSAGES = 50  # in one bundle, the newest
MAX_PEERS = 200  # kiosks of one station
MAX_SUCCESSION = 4000  # characters of the announcement of a bureau's next keys

MAX_REMINDERS = 5000  # people on a station's list of reminders

MAX_LOAN = 500  # people of one home-visit list
MAX_NEWS_RECEIPTS = 20  # signed receipts in the news for one list
MAX_NEWS_RECEIPT = 150_000  # characters of one
MAX_RETURN = 500  # records in one return of such a list
MAX_LOAN_DAYS = 92  # no list may be kept for longer

MAX_ROSTER_LINE = 64 * 1024  # bytes of one person
MAX_CHUNKS = 4096  # buckets of a station's roster
MAX_CHUNKED = 64 * 1024 * 1024  # bytes of all its lines together, as JSON: about 60 000 people
MAX_ROSTER_FILE = 4 * 1024**3  # bytes: a million people with templates are well below
