"""Whether the log and what is kept tell of the same: nothing kept unlogged, nothing told twice that happens once, no salt gone that no forgetting told of.

Leaves alone cannot show that: whoever writes to the database could take an entry's salt, and what it was of would count as forgotten.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Text, and_, cast, exists, func, select, true

from catseye.vault.tables import DOSSIER_STEPS, EVENTS, FORGETTINGS, LEDGER_TRANSACTIONS, LOG_ENTRIES, LOOKS, MEDIA

_L = LOG_ENTRIES.c


@dataclass(frozen=True, slots=True)
class _Kept:
    """One kind of entry: `subject` of each row that is kept; `told` is what forgettings call them, None for what is never forgotten.

    `is_once`: never logged again, since it never changes.
    """

    kind: str
    subject: ColumnElement[str]
    is_kept: ColumnElement[bool]
    told: str | None
    is_once: bool


_D = DOSSIER_STEPS.c
_KINDS = (
    _Kept("event", EVENTS.c.run + "/" + EVENTS.c.id, true(), "events", is_once=False),
    _Kept("step", _D.dossier + "/" + _D.subject + "/" + cast(_D.number, Text), true(), "steps", is_once=True),
    _Kept("media", MEDIA.c.name, MEDIA.c.forgotten_utc_ns.is_(None), "media", is_once=False),
    _Kept("look", LOOKS.c.subject + "/" + cast(LOOKS.c.number, Text), true(), None, is_once=True),
    _Kept("posting", cast(LEDGER_TRANSACTIONS.c.number, Text), true(), None, is_once=True),
    _Kept("forgotten", cast(FORGETTINGS.c.number, Text), true(), None, is_once=True),
)


def account_faults(connection: Connection) -> Iterator[str]:
    """A sentence for everything that does not add up."""
    told = _told(connection)
    for kept in _KINDS:
        is_logged = exists().where(_L.kind == kept.kind, _L.subject == kept.subject, _L.salt.is_not(None))
        for (subject,) in connection.execute(select(kept.subject).where(and_(kept.is_kept, ~is_logged))):
            yield f"{kept.kind} {subject} is kept, and nothing in the log stands for it"
        gone_count = connection.scalar(select(func.count(_L.subject.distinct())).where(_L.kind == kept.kind, _L.salt.is_(None))) or 0
        told_count = told[kept.told] if kept.told else 0
        if gone_count > told_count:
            yield f"{gone_count} entries of kind {kept.kind} have lost their salt, and forgettings tell of {told_count}"
        if kept.is_once:
            again = select(_L.subject, func.count().label("count")).where(_L.kind == kept.kind).group_by(_L.subject).having(func.count() > 1)
            for row in connection.execute(again):
                yield f"{kept.kind} {row.subject} was logged {row.count} times: such a thing happens once, and is never changed"


def _told(connection: Connection) -> Counter[str]:
    """How many of each were forgotten, as the forgettings that are in the log tell it."""
    told: Counter[str] = Counter()
    for (body,) in connection.execute(select(FORGETTINGS.c.body)):
        for counts in json.loads(body)["counts"].values():
            told.update(counts)
    return told
