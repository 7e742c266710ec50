"""Set-up by touch (站点安装), as a pure state machine: `step(state, event) -> (state, commands)`."""
