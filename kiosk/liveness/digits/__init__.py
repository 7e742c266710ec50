"""Four digits read aloud: which ones, what was said, and whether this mouth said it. Pure; part of a take."""
