"""The public notice page: what is put up for objections, for those it is put up for."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from city import CYCLE, GROUP, LATE, City, grant
from client import Client
from opening import ENDED, NOTICED, compute, end_notice, notice, scored_city

from ledger.domain.commands import RegisterPerson
from ledger.domain.grading import ReportAudience
from ledger.domain.roles import Role

PAGE = f"""{{ grading(cycle: "{CYCLE}", group: "{GROUP}") {{
    notice {{ audience fromOn untilOn endedPosition }}
    noticed {{ position table {{ unitId total rank }} }}
    computed {{ position table {{ unitId }} }} }} }}"""
EVERY_UNIT = ["U01", "U02", "U03", "U04", "U05"]


@pytest.mark.parametrize(
    ("audience", "shown"),
    [
        (ReportAudience.PUBLIC, {"citizen": EVERY_UNIT, "reporter": EVERY_UNIT, "office": EVERY_UNIT}),
        (ReportAudience.INTERNAL, {"citizen": [], "reporter": EVERY_UNIT, "office": EVERY_UNIT}),
        (ReportAudience.LEADERSHIP, {"citizen": [], "reporter": ["U04"], "office": EVERY_UNIT}),
    ],
)
def test_who_a_notice_is_for_reads_every_row_of_it_and_of_nothing_else(
    serve: Callable[[City], Client], audience: ReportAudience, shown: dict[str, list[str]]
) -> None:
    city = scored_city()
    city.given(RegisterPerson(subject_id="citizen", display_name="citizen"), by="admin", at=LATE)
    city.given(grant("citizen", Role.PUBLIC), by="admin", at=LATE)
    computed = city.given(compute(), by="office", at=LATE)
    city.given(notice(computed, audience=audience), by="office", at=NOTICED)
    city.given(end_notice(), by="office", at=ENDED)
    later = city.given(compute(), by="office", at=ENDED)
    client = serve(city)

    pages = {by: client.ask(PAGE, by=by) for by in shown}

    assert {by: [row["unitId"] for row in page["noticed"]["table"]] for by, page in pages.items()} == shown
    assert {by: (page["noticed"]["position"], page["computed"]["position"]) for by, page in pages.items()} == {
        by: (str(computed), str(later)) for by in shown
    }
    assert [len(pages[by]["computed"]["table"]) for by in shown] == [0, 1, 5]
    assert pages["citizen"]["notice"]["audience"] == audience
