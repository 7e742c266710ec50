"""Outbox to bureau and back: documents, sealing, delivery, schedule, sticks."""
