"""The encrypted database and everything that is kept in it. One thread owns it (`worker.py`)."""
