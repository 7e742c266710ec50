"""The camera proves itself: it answers when it is steered, and its sensor has the pattern that was taken at set-up."""
