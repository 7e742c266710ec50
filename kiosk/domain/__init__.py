"""Values and rules of the programme. Standard library only; every other package may import it, it imports none."""
