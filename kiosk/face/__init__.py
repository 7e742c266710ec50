"""Faces to numbers and numbers to a score: alignment, embedding, comparison."""
