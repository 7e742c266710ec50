"""Draw what a person is asked to do: which actions, in which order, after which pauses.

Called by the vision worker (with the operating system's randomness) and by the evaluation (with a seed). Pure.
"""

from __future__ import annotations

import random
import secrets
from dataclasses import dataclass

from kiosk.config import Liveness
from kiosk.domain.reasons import Action
from kiosk.liveness.attacks.reflection import LIGHTS, PERIODS
from kiosk.liveness.camera_proof.proof import CameraProof
from kiosk.liveness.digits.reading import TRIES, draw_digits
from kiosk.liveness.light.code import LightCode, draw_code

TURNS = frozenset({Action.TURN_LEFT, Action.TURN_RIGHT})

# Pause between the announcement and the cue "现在": long enough to hear the announcement out, and not to be guessed by a recording.
DELAY_S = (0.8, 2.6)
# The kiosk says the digits itself before: it must be silent again when the microphone begins to count.
DIGITS_DELAY_S = (7.0, 8.0)
_REPLACED_BY_DIGITS = TURNS | {Action.BLINK}


@dataclass(frozen=True, slots=True)
class Step:
    """One action, and the random pauses before its cue: the first one, and one for each time it was answered too early.

    `cue_at_s`: for recorded takes in the evaluation, the time of the cue that the person in the recording obeyed.
    """

    action: Action
    delays_s: tuple[float, ...]
    cue_at_s: float | None = None
    digits: tuple[str, ...] = ()  # of READ_DIGITS: the first ones, and others for once more

    def delay_s(self, early: int) -> float:
        """Return the pause before the cue after `early` answers that came before it."""
        return self.delays_s[early % len(self.delays_s)]


@dataclass(frozen=True, slots=True)
class Challenge:
    """The steps in order, and the spares that "做不到" draws from, in order. `swaps`: how many may be used. `lights`: the
    screen colours of the reflected-light check, when it is on."""

    steps: tuple[Step, ...]
    spares: tuple[Step, ...] = ()
    swaps: int = 0
    lights: tuple[int, ...] = ()
    light_code: LightCode | None = None  # the light passcode, when it is on
    proof: CameraProof | None = None  # what the camera itself must show, where it was measured


def draw_challenge(
    settings: Liveness, unable: frozenset[Action] = frozenset(), rng: random.Random | None = None, *, hears: bool = False
) -> Challenge:
    """Return a challenge of `settings.actions` different actions in random order with random pauses.

    unable: actions the person cannot do (told to the attendant, or swapped away before); never asked. With
    `settings.require_turn` one of the actions is a head turn, unless no turn is allowed or possible. When fewer actions are
    left than asked for, all that are left are asked. rng: cryptographic by default; a seeded one in the evaluation.
    hears: microphone and recogniser are there, so that digits may be read aloud where `settings.digits` says so.
    Raises ValueError when nothing is left to ask.
    """
    rng = rng or secrets.SystemRandom()
    pool = [Action(name) for name in dict.fromkeys(settings.allowed) if Action(name) not in unable]
    if not pool:
        raise ValueError("no action is left to ask for")
    rng.shuffle(pool)
    count = min(settings.actions, len(pool))
    chosen = pool[:count]
    if settings.require_turn and not TURNS.intersection(chosen):
        turn = next((action for action in pool if action in TURNS), None)
        if turn is not None:
            chosen[rng.randrange(count)] = turn
    spares = [action for action in pool if action not in chosen]
    if hears and Action.READ_DIGITS not in unable:
        _add_digits(settings, unable, chosen, spares, rng)
    return Challenge(
        steps=tuple(_step(action, rng) for action in chosen),
        spares=tuple(_step(action, rng) for action in spares),
        swaps=settings.swaps,
        lights=_lights(rng) if settings.checks.reflection != "off" else (),
        light_code=draw_code(rng) if settings.checks.light != "off" else None,
    )


def _add_digits(
    settings: Liveness, unable: frozenset[Action], chosen: list[Action], spares: list[Action], rng: random.Random
) -> None:
    """Let digits be read: as one action more, or instead of what somebody cannot do; never alone."""
    if settings.digits == "third":
        chosen.insert(rng.randrange(len(chosen) + 1), Action.READ_DIGITS)
    elif settings.digits == "substitute" and unable & _REPLACED_BY_DIGITS:
        if len(chosen) > 1:
            others = [action for action in chosen if action not in TURNS] or chosen  # a turn shows depth: it stays
            spares.append(others[-1])
            chosen[chosen.index(others[-1])] = Action.READ_DIGITS
        else:
            chosen.append(Action.READ_DIGITS)
    elif settings.digits == "substitute" and len(chosen) > 1:
        spares.append(Action.READ_DIGITS)


def pick_spare(action: Action, spares: tuple[Step, ...], *, turn_needed: bool = False) -> Step | None:
    """Return the spare that replaces `action`: one of another kind, since who cannot turn left can seldom turn right.

    turn_needed: the depth check needs the turn that `action` is, so nothing replaces it: an attendant is called instead.
    """
    if action in TURNS and turn_needed:
        return None
    digits = next((spare for spare in spares if spare.action is Action.READ_DIGITS), None)
    if digits is not None and action in _REPLACED_BY_DIGITS:
        return digits
    others = [spare for spare in spares if spare is not digits and (spare.action not in TURNS or action not in TURNS)]
    return next((spare for spare in others if spare.action not in TURNS), others[0] if others else None)


def _lights(rng: random.Random) -> tuple[int, ...]:
    """Colours in random order, never the same twice running, each at least once."""
    while True:
        drawn = tuple(rng.randrange(len(LIGHTS)) for _ in range(PERIODS))
        if len(set(drawn)) == len(LIGHTS) and all(a != b for a, b in zip(drawn, drawn[1:], strict=False)):
            return drawn


def _step(action: Action, rng: random.Random) -> Step:
    if action is Action.READ_DIGITS:
        return Step(action, (rng.uniform(*DIGITS_DELAY_S),), digits=tuple(draw_digits(rng) for _ in range(TRIES)))
    return Step(action, tuple(rng.uniform(*DELAY_S) for _ in range(4)))
