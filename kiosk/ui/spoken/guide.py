"""Before the camera without sight: words and tones for where to stand, when to act, what was seen. Pure; time is an argument."""

from __future__ import annotations

from kiosk.domain.reasons import Action, Guidance
from kiosk.domain.take_view import TakeView
from kiosk.texts.said import SPELLED
from kiosk.ui.spoken.pieces import after, digits

AGAIN_S = 3.5  # the same hint is said again
APART_S = 1.4  # another hint waits so long for the one before
NEAR = 0.12  # of the picture: so near to the middle the tone is the higher one

Box = tuple[float, float, float, float]

_WORDS: dict[Guidance, str] = {
    Guidance.NO_FACE: "no_face",
    Guidance.SEVERAL_FACES: "several",
    Guidance.TOO_NEAR: "back",
    Guidance.TOO_FAR: "nearer",
    Guidance.NOT_STRAIGHT: "straight",
    Guidance.BLURRED: "still",
}


def direction(box: Box | None) -> str:
    """Return where somebody should move: left, right (their own), up, down; "straight" where the picture does not tell.

    The picture is not mirrored: who stands towards their own left is seen right of the middle, and has to go to the right.
    """
    if box is None:
        return "no_face"
    across, down = (box[0] + box[2]) / 2 - 0.5, (box[1] + box[3]) / 2 - 0.5
    if abs(across) >= abs(down):
        return "right" if across > 0 else "left"
    return "up" if down > 0 else "down"


def off_middle(box: Box | None) -> float:
    """Return how far a face is from the middle, as a share of the picture; 1 without a face."""
    if box is None:
        return 1.0
    return max(abs((box[0] + box[2]) / 2 - 0.5), abs((box[1] + box[3]) / 2 - 0.5))


def hint(guidance: Guidance, box: Box | None) -> list[str]:
    """Return a tone (the higher the nearer) and words for a hint."""
    if guidance in (Guidance.OFF_CENTRE, Guidance.LEFT_FRAME):
        tone = "chime.near" if off_middle(box) < 2 * NEAR else "chime.far"
        return [tone, f"spoken.position.say_{direction(box)}"]
    if guidance in _WORDS:
        return ["chime.far", f"spoken.position.say_{_WORDS[guidance]}"]
    return ["chime.far", f"guidance.{guidance}.say"]


class CameraGuide:
    """What is said while a take runs. Make a new one for each take."""

    def __init__(self) -> None:
        self._hint: list[str] = []
        self._said_s = -1e9
        self._box: Box | None = None
        self._placed = False  # it was said that the place is good
        self._cued: tuple[Action, int] | None = None
        self._done = 0
        self._remark = ""
        self._digits = ""

    def step(self, t_s: float, view: TakeView, box: Box | None) -> list[str]:
        """Return what is said now, [] for nothing. `box`: of the face, shares of the picture that is not mirrored."""
        self._box = box or self._box
        if view.guidance is not None:
            return self._guide(t_s, hint(view.guidance, box if view.guidance is Guidance.OFF_CENTRE else self._box))
        self._hint = []
        if not self._placed:
            self._placed = True
            return self._say(t_s, ["chime.done", "spoken.position.say_good"])
        done = len(view.done_actions)
        if done > self._done:
            self._done, self._remark = done, ""
            return self._say(t_s, ["chime.done", "spoken.action.say_seen"])
        if view.action is None:
            return []
        cue = (view.action, view.action_index)
        if view.action is Action.READ_DIGITS:
            return self._read_digits(t_s, view, cue)
        if view.now and self._cued != cue:
            self._cued, self._remark = cue, ""
            return self._say(t_s, ["chime.cue", f"action.{view.action}.say"])
        return self._remarks(t_s, view)

    def _read_digits(self, t_s: float, view: TakeView, cue: tuple[Action, int]) -> list[str]:
        """All is said before the cue: from then on the microphone listens."""
        if view.now:
            known, self._cued = self._cued == cue, cue
            return [] if known else self._say(t_s, ["chime.cue"])
        if view.digits == self._digits:
            return []
        self._digits, self._cued = view.digits, None
        return self._say(t_s, ["action.read-digits.say", *after(digits(view.digits), SPELLED)])

    def _guide(self, t_s: float, words: list[str]) -> list[str]:
        self._placed = self._placed and self._cued is not None  # within an action a hint needs no "good" after it
        same = words[-1:] == self._hint[-1:]
        if t_s - self._said_s < (AGAIN_S if same else APART_S):
            return []
        self._hint = words
        return self._say(t_s, words)

    def _remarks(self, t_s: float, view: TakeView) -> list[str]:
        remark = next((name for name in ("returning", "wrong_way", "slower", "larger", "too_early") if getattr(view, name)), "")
        if not remark or remark == self._remark or t_s - self._said_s < APART_S:
            return []
        self._remark = remark
        keys = {
            "returning": "spoken.action.say_return",
            "too_early": "spoken.action.say_early",
            "wrong_way": "page.camera.say_wrong_way",
            "larger": "page.camera.say_larger",
            "slower": "page.camera.say_slower",
        }
        return self._say(t_s, [keys[remark]])

    def _say(self, t_s: float, keys: list[str]) -> list[str]:
        self._said_s = t_s
        return keys
