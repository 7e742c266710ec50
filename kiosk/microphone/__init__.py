"""The microphone, and what recognises four digits: only while somebody is asked to read; in memory alone. Optional."""
