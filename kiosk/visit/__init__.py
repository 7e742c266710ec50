"""One person's visit as a pure state machine: `step(state, event, world) -> (state, commands)` in `machine`. Imports `domain` only.

`states` and `events` are its words, `pages` the handlers (`after_failure`: three of them), `commands` what is
asked of `app`, `presence` who is there. Drawn in docs/states.md.
"""
