"""How much a take asks for, and how much time and slack it gives. Numbers only; the code that uses them is `take.py`."""

from __future__ import annotations

from dataclasses import replace

from kiosk.domain.reasons import Action, Guidance
from kiosk.liveness.gestures import SHAPES, Shape

# A cued turn must be a real one: smaller turns give the depth check too little parallax (docs/measurements.md).
TAKE_SHAPES: dict[Action, Shape] = {
    **SHAPES,
    # Asked to blink, many old people close their eyes for a second or two: that counts.
    Action.BLINK: replace(SHAPES[Action.BLINK], max_s=4.0),
    # After a cue a smaller opening counts (a stiff jaw, no teeth in), if it is held longer than a syllable.
    Action.MOUTH_OPEN: replace(SHAPES[Action.MOUTH_OPEN], on=0.18, start=0.09, min_s=0.35),
    Action.TURN_LEFT: replace(SHAPES[Action.TURN_LEFT], on=18.0),
    Action.TURN_RIGHT: replace(SHAPES[Action.TURN_RIGHT], on=18.0),
}

LOOK_PERIOD_S = 0.20  # light, blur and cover are measured this often: they change slowly and cost more than the rest
STEADY_S = 0.6  # well placed this long before the baseline starts
BASELINE_S = 1.0
BETWEEN_S = 0.7  # time to see that an action was accepted
AFTER_LIMIT_S = 6.0  # a straight look is needed after the last action
CUE_PATIENCE_S = 4.0  # the cue waits this long for a neutral face, then comes anyway
POSITION_LIMIT_S = 60.0
LOST_LIMIT_S = 2.5
TURNED_LOST_S = 3.5  # a head turned to its profile is lost to the mesh until it comes back
WRONG_TURNS = 2  # left and right are easily confused: two wrong turns an action are forgiven, with a hint
STRAYS = 3  # gestures that nobody asked for (a word with a helper, a look aside); a recording makes them all the time
JUMP_OVERLAP, JUMP_S = 0.05, 0.25  # a face elsewhere from one frame to the next is another face, or a cut in a recording

# Guidance advises: only these stop a take from starting and a cue from coming. The others (backlit, a hat's shadow, dark lids,
# too near, off centre …) are shown while the take goes on: landmarks are there, and such pictures match.
BLOCKING = frozenset(
    {
        Guidance.NO_FACE,
        Guidance.SEVERAL_FACES,
        Guidance.TOO_FAR,
        Guidance.TOO_DARK,
        Guidance.MOUTH_COVERED,
    }
)
