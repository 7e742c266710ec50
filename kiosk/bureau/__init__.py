"""The reference bureau: a process of its own, for pilots and for every sync test; the clerks' pages: `bureau.clerks`, its
operator's commands: `bureau.operate`.

Of the kiosk it imports the wire (`sync`), rules and values; never devices, pages, the visit or the kiosk's store
(tests/test_directions.py holds it). Run by `kiosk bureau`, the demo, benches and tests.
"""
