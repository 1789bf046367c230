"""Names: the ids of an import's commands are those that RFC 9562 makes of their names."""

from __future__ import annotations

from uuid import UUID, uuid5

import pytest

from ledger.importing.naming import ids_under

NAMESPACE = UUID("6d1d7a3c-5a0e-4c53-9a1f-1f6b8d6f2b57")


@pytest.mark.parametrize("name", ["", "first:ENTER:U001:2018-M01", "second:ENTER:滨海:2018-Y"])
def test_ids_are_uuids_of_version_5(name: str):
    id_of = ids_under(NAMESPACE)

    assert [id_of(name), id_of(name)] == [uuid5(NAMESPACE, name)] * 2
