"""Printed lists: paged, tagged, names right, and no letter stops them."""

from __future__ import annotations

import datetime as dt
import io

import msgspec
import pypdf
import pytest

from checkin.badges.lists import LIST_ROWS_MAX, NO_GLYPH, PrintedColumn, PrintedList, render_list
from checkin.core.errors import TooLarge

LIST = PrintedList(
    title="Anwesenheit",
    event="Tagung",
    stand="Stand 20.03.2017 12:00",
    page_of="Seite {page} von {pages}",
    page_only="Seite {page}",
    empty="Niemand",
    language="de",
    date=dt.datetime(2017, 3, 20, tzinfo=dt.UTC),
    columns=[PrintedColumn(head="Name"), PrintedColumn(head="Minuten", number=True)],
    rows=[("Müller, Jörg", "90"), ("A\U00012000B", "5"), ("محمد", "7")] * 40,
    notes=["Ende"],
)


def test_list_is_tagged_counts_its_pages_and_repeats_its_head() -> None:
    content = render_list(LIST)
    pdf = pypdf.PdfReader(io.BytesIO(content))
    texts = [page.extract_text() for page in pdf.pages]
    assert len(texts) > 1
    for number, text in enumerate(texts, 1):
        assert f"Seite {number} von {len(texts)}" in text
        assert "Stand 20.03.2017 12:00" in text
        assert "Minuten" in text
    assert {(round(page.mediabox.width), round(page.mediabox.height)) for page in pdf.pages} == {(595, 842)}
    root = pdf.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]  # type: ignore[index]
    assert root["/Lang"] == "de"  # type: ignore[index]
    assert content == render_list(LIST)


def test_letter_that_no_font_has_is_shown_as_a_box_and_stops_nothing() -> None:
    text = pypdf.PdfReader(io.BytesIO(render_list(LIST))).pages[0].extract_text()
    assert f"A{NO_GLYPH}B" in text


def test_empty_list_says_so_and_a_very_long_one_is_refused() -> None:
    empty = pypdf.PdfReader(io.BytesIO(render_list(msgspec.structs.replace(LIST, rows=[]))))
    assert "Niemand" in empty.pages[0].extract_text()
    with pytest.raises(TooLarge, match="XLSX"):
        render_list(msgspec.structs.replace(LIST, rows=[("a", "1")] * (LIST_ROWS_MAX + 1)))


def test_dates_numbers_and_ids_are_found_and_copied_out_of_a_list_beside_names_from_right_to_left() -> None:
    rows = [("Halle 6", "06.03.2026"), ("محمد الأحمد", "Raum a6-16"), ("Verein e. V.", "§ 6"), ("محمد", "66")]
    text = pypdf.PdfReader(io.BytesIO(render_list(msgspec.structs.replace(LIST, rows=rows)))).pages[0].extract_text()
    assert "\u200e" not in text
    for cell in ("Halle 6", "06.03.2026", "Raum a6-16", "Verein e. V.", "66"):
        assert cell in text
