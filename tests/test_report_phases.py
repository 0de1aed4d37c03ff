"""Phases on the page, and the measures beside the score by what they speak of."""

import re

from reportable import MEASURED, Reader, page, sales

from callqa.reports.measures import FAMILIES, family
from callqa.types import Evidence, Measurement

STRETCHES = {"opening": (8, 18), "needs": (18, 19), "presentation": (19, 33), "close": (48, 64)}
PHASED = (
    *MEASURED,
    Measurement("phases", 4.0, 4, evidence=tuple(Evidence(a, b, name) for name, (a, b) in STRETCHES.items())),
    *(
        Measurement(f"phase.{name}", float(b - a), 1, evidence=(Evidence(a, b, name),))
        for name, (a, b) in STRETCHES.items()
    ),
    Measurement("phase.objections", 0.0),
    Measurement("offers", 1.0, 1, evidence=(Evidence(48, 60, "допродажа, без ответа: пришлю предложение"),)),
)


def test_the_timeline_shows_the_phases_that_took_place():
    whole = page(sales(measured=PHASED))
    for name in STRETCHES:
        assert f'class="mark-rect role-mark phase_{name}_marks"' in whole, name
        assert f'<i class="phase_{name}"></i>' in whole, name
    assert "phase_objections_marks" not in whole.partition("</style>")[2]


def test_a_phase_is_named_where_there_is_room_for_its_name():
    wide = page(sales(measured=PHASED)).partition('<div class="timeline wide"')[2].partition('<div class="timeline')[0]
    assert ">завершение</text>" in wide
    assert ">потребности</text>" not in wide  # one second of eighty


def test_a_page_without_phases_has_no_row_for_them():
    assert ">Этапы</text>" not in page()
    assert ">Этапы</text>" in page(sales(measured=PHASED))
    assert ">Phases</text>" in page(sales(measured=PHASED), language="en")


def test_measures_beside_the_score_stand_by_family():
    text = Reader(page(sales(measured=PHASED))).text
    beside = text.partition("Вне оценки")[2]
    assert beside.index("Разговор") < beside.index("Сценарий и этапы") < beside.index("Цена, конкуренты, предложения")


def test_every_family_has_a_member_and_a_measure_is_of_one_family():
    names = [
        "questions_open",
        "phase.needs",
        "qualification_meddic",
        "first_price_minute",
        "engagement_customer",
        "hedges",
    ]
    assert [family(name) for name in names] == list(FAMILIES)
    assert family("talk_share") == "talk"


def test_an_offer_is_marked_in_the_transcript():
    assert re.search(r'<mark class="key" title="offers">Хорошо, тогда', page(sales(measured=PHASED)))
