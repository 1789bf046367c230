"""Openings: the text behind one commitment, with what proves it, for those who may ask."""

from __future__ import annotations

from ledger.domain.commitments import Opening
from ledger.domain.refusals import ForbiddenRole, UnknownId
from ledger.domain.roles import Role
from ledger.domain.visibility import SEES_REGISTRY, Visibility
from ledger.store import Store


def open_text(store: Store, visibility: Visibility, position: int, field: str) -> Opening:
    """The opening of one field of one event; whoever shows it to others shows this text and no other.

    Raises ForbiddenRole unless the person may see the registry, UnknownId if there is no such
    event, the person may not see it, it holds no commitment in the field, or that was erased.
    """
    if not visibility.registry:
        raise ForbiddenRole(person_id=visibility.person_id, needed=" or ".join(r for r in Role if r in SEES_REGISTRY))
    event = store.event(position)
    if event is None or not visibility.sees(event):
        raise UnknownId(path="position", position=position)
    return store.private.opening(event, field)
