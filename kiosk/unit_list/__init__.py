"""Reading a unit's list of retirees from a stranger's file: bytes and a name in, rows out, or a refusal with its reason. Pure.

Called by the desk's work (`kiosk.desk_backend`), outside the store's thread; what holds is saved by `kiosk.store.desk.unit_list`.
The bureau reads a roster that comes as a table by the same parts (`bureau.clerks.roster_table`).
"""
