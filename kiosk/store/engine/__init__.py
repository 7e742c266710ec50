"""The database file itself: opening, lock, keys, migrations, journal and its mirror. Knows no table of the others."""
