"""Spoken prompts: what is said when, rendered or synthesised, played."""
