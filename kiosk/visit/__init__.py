"""One person's visit as a pure state machine: `step(state, event) -> (state, commands)`. Imports `domain` only."""
