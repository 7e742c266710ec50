"""What waits for the bureau, what became of it, and which receipt says so. The only source of a record's `RecordStatus`.

`enqueue` runs inside the transaction that saves the record; everything else is called by `sync` on the store's executor
thread, each call one transaction. Nothing moves a row to delivered or refused but a verdict of a receipt that `sync` has verified.
Times are ISO 8601 in UTC. Whoever works with the outbox takes it from here.
"""

from __future__ import annotations

from kiosk.store.outbox.batches import (
    NUMBERS_AT_ONCE,
    RESERVED,
    Moved,
    RecordVerdict,
    batch,
    decide,
    go_on_numbering,
    next_seq,
    open_batch,
    purge,
    reserve_numbers,
    settle,
    unsettled_of,
)
from kiosk.store.outbox.progress import (
    Progress,
    counts,
    last_receipt,
    mark_handled,
    needing_attention,
    oldest_unsent,
    stages_of_person,
    status_of,
)
from kiosk.store.outbox.rows import (
    LEASE_S,
    Waiting,
    digest_name,
    enqueue,
    expire_leases,
    is_digest,
    lease,
    mark_carried,
    mark_unknown,
    received_undecided,
    release,
    turn_away,
    unsent,
    unsent_count,
    unsent_ids,
    unsettled,
    use_digest,
)
from kiosk.store.outbox.values import get, iso, put

__all__ = [
    "LEASE_S",
    "Moved",
    "NUMBERS_AT_ONCE",
    "Progress",
    "RESERVED",
    "RecordVerdict",
    "Waiting",
    "batch",
    "counts",
    "decide",
    "digest_name",
    "enqueue",
    "expire_leases",
    "get",
    "go_on_numbering",
    "is_digest",
    "iso",
    "last_receipt",
    "lease",
    "mark_carried",
    "mark_handled",
    "mark_unknown",
    "needing_attention",
    "next_seq",
    "oldest_unsent",
    "open_batch",
    "purge",
    "put",
    "received_undecided",
    "release",
    "reserve_numbers",
    "settle",
    "status_of",
    "stages_of_person",
    "turn_away",
    "unsent",
    "unsent_count",
    "unsent_ids",
    "unsettled",
    "unsettled_of",
    "use_digest",
]
