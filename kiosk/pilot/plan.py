"""Who comes and what is held up in a pilot, and how often: ISO/IEC 30107-3 and 19795, FIDO's terms. Words: `pilot.toml`."""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.domain.rate import needed
from kiosk.texts.strings import Strings

GENUINE = "genuine"
BOUND_FRR, BOUND_BAND, BOUND_IAPAR = 0.01, 0.05, 0.07  # of all genuine takes, of one age band, of one kind of attack (FIDO)
# Asked of everybody who takes part: question, answers (`pilot.question.KEY`, `pilot.KEY.ANSWER`). No name, no birthday.
QUESTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("age_band", ("under-60", "60-69", "70-79", "80-up")),
    ("sex", ("female", "male", "untold")),
    ("glasses", ("no", "yes")),
    ("light", ("dim", "normal", "bright", "back")),
)


@dataclass(frozen=True, slots=True)
class Instrument:
    """One kind of attack. `sheet`: it is printed (`kiosk pilot sheets`)."""

    key: str
    sheet: bool = True

    def word(self, what: str, strings: Strings) -> str:
        """Return its "name", how to "make" it, or how to "show" it."""
        return strings.text(f"pilot.instrument.{self.key}.{what}")


INSTRUMENTS = (
    *(Instrument(key) for key in ("print-matt", "print-gloss", "cut-out", "bent", "paper-mask")),
    *(Instrument(key, sheet=False) for key in ("phone", "tablet", "monitor")),
)


def sizes(strings: Strings) -> tuple[tuple[str, float, int], ...]:
    """Return (of what, bound, takes without an error that show it), told before anybody comes."""
    band, bands = QUESTIONS[0]
    rows = [(strings.text("pilot.plan.frr_all"), BOUND_FRR, needed(BOUND_FRR))]
    rows += [
        (strings.text("pilot.plan.frr_band", band=strings.text(f"pilot.{band}.{one}")), BOUND_BAND, needed(BOUND_BAND))
        for one in bands
    ]
    rows += [
        (strings.text("pilot.plan.iapar", name=one.word("name", strings)), BOUND_IAPAR, needed(BOUND_IAPAR)) for one in INSTRUMENTS
    ]
    return tuple(rows)
