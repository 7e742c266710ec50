"""What is held of one visit besides its state: the take and its probe, the match, photos of its chips. Wiped with the visit."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from kiosk.config import Match
from kiosk.domain.fairness import Counted, Watched, failed_at
from kiosk.domain.outcome import Glasses, LivenessResult, MatchResult
from kiosk.domain.reasons import Reason
from kiosk.domain.record import Outcome
from kiosk.liveness.verdict import TakeOutcome
from kiosk.store import face_history, ledger
from kiosk.visit import states as s


@dataclass
class VisitMemory:
    """Of the visit under way alone; in memory alone."""

    take: TakeOutcome | None = field(default=None, repr=False)
    match: MatchResult | None = None
    chip_photos: dict[str, bytes] = field(default_factory=dict, repr=False)  # of this visit's cards, by number
    watched: Watched = field(default_factory=Watched)  # of this take, for the fairness ledger
    counted: tuple[Counted, ...] = ()  # the takes so far, as the ledger counts them

    def begin_take(self) -> None:
        """A take begins: what was seen of the one before is gone."""
        self.take, self.match, self.watched = None, None, Watched()

    @property
    def liveness(self) -> LivenessResult | None:
        """What the last take said."""
        return self.take.liveness if self.take is not None else None

    def compare(self, case: s.Case, settings: Match) -> Reason:
        """Compare the take's face with the roster's template and the chip's photo; keep the match, return what it says."""
        take = self.take
        if take is None or take.probe is None or case.entry.template is None:
            return Reason.NO_GOOD_FRAME
        from kiosk.face.compare import compare_with_others, vector_of

        second = case.entry.second
        others = [take.chip_reference] if take.chip_reference is not None else []
        if second is not None and second.model_digest == take.model_digest:
            others.append(vector_of(second))
        self.match = compare_with_others(take.probe, case.entry.template, others, settings, take.model_digest, take.frames_used)
        return self.match.reason

    def matched(self, case: s.Case) -> face_history.Matched | None:
        """Return a live face that passed, for the template's history: how it matched the first template, whatever helped."""
        take, match = self.take, self.match
        if take is None or take.probe is None or match is None or case.entry.template is None:
            return None
        from kiosk.face.compare import cosine, pack, vector_of

        score = cosine(take.probe, vector_of(case.entry.template))
        return face_history.Matched(pack(take.probe), take.model_digest, score, match.threshold)

    def count(self, case: s.Case, outcome: Outcome, reason: Reason, today: date) -> Counted:
        """Return the take as the fairness ledger counts it: a group, never who."""
        take = self.take
        actions = take.liveness.actions if take is not None else ()
        return Counted(
            today,
            ledger.age_band(case.entry.born, today),
            take.glasses if take is not None else Glasses.UNKNOWN,
            self.watched.light,
            failed_at(outcome, reason, self.watched, actions, self.match is not None),
            outcome.value,
            reason.value,
        )

    def wipe(self) -> None:
        """Forget all of it."""
        self.begin_take()
        self.counted = ()
        self.chip_photos.clear()
