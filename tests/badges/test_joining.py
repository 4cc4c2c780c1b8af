"""Documents set in parts: one document, tagged as its parts are, its numbers right."""

from __future__ import annotations

import io
from typing import Any

import msgspec
import pypdf
import pytest

from checkin.badges import lists
from checkin.badges.joining import Joined
from checkin.badges.lists import render_list
from tests.badges.test_lists import LIST


@pytest.fixture
def long(monkeypatch: pytest.MonkeyPatch) -> tuple[pypdf.PdfReader, list[tuple[int, int]]]:
    """A list of 120 rows set in parts of 50, and how far it said it was."""
    monkeypatch.setattr(lists, "PART_ROWS_MAX", 50)
    told: list[tuple[int, int]] = []
    content = render_list(LIST, lambda done, total: told.append((done, total)))
    assert content == render_list(LIST)
    return pypdf.PdfReader(io.BytesIO(content), strict=True), told


def test_list_in_parts_counts_its_pages_through_and_says_how_far_it_is(long: Any) -> None:
    pdf, told = long
    texts = [page.extract_text() for page in pdf.pages]
    assert len(texts) == 4
    for number, text in enumerate(texts, 1):
        assert f"Seite {number}\n" in f"{text}\n"
        assert "Minuten" in text
    assert sum(text.count("Müller, Jörg") for text in texts) == 40
    assert [number for number, text in enumerate(texts, 1) if "Ende" in text] == [len(texts)]
    assert sum(text.count("Anwesenheit") for text in texts) == len(texts) + 1  # in each foot, and once as a heading
    assert told == [(0, 120), (50, 120), (100, 120), (120, 120)]


def test_list_in_parts_is_one_tagged_document(long: Any) -> None:
    pdf, _ = long
    root = pdf.trailer["/Root"]
    assert (root["/MarkInfo"]["/Marked"], root["/Lang"]) == (True, "de")
    assert "pdfuaid:part" in root["/Metadata"].get_data().decode()
    tree = root["/StructTreeRoot"]
    (document,) = tree["/K"]
    assert document.get_object()["/S"] == "/Document"
    assert [one.get_object()["/S"] for one in document.get_object()["/K"]] == ["/Part"] * 3
    ids = tree["/IDTree"]["/Names"][::2]
    assert ids == sorted(set(ids))
    nums = tree["/ParentTree"]["/Nums"]
    parents = dict(zip(nums[::2], nums[1::2], strict=True))
    assert len(parents) == tree["/ParentTreeNextKey"] == len(pdf.pages)
    for page in pdf.pages:  # what is marked on a page belongs to elements that name this page
        for element in parents[page["/StructParents"]].get_object():
            assert element.get_object().raw_get("/Pg").idnum == page.indirect_reference.idnum
    assert elements(document, tree) > 300
    heads = {head for cell in cells(document) for head in cell["/A"][0].get("/Headers", [])}
    assert heads == set(ids)


def test_outline_goes_on_over_the_parts() -> None:
    whole = render_list(msgspec.structs.replace(LIST, rows=LIST.rows[:3]))
    out = io.BytesIO()
    joined = Joined(out)
    for _ in range(3):
        joined.add(whole)
    joined.end()
    pdf = pypdf.PdfReader(io.BytesIO(out.getvalue()), strict=True)
    assert [pdf.get_destination_page_number(one) for one in pdf.outline] == [0, 1, 2]  # type: ignore[arg-type]


def elements(one: Any, parent: Any) -> int:
    """How many elements are in the tree; each must name its parent."""
    element = one.get_object()
    assert element["/P"].get_object() == parent.get_object()
    kids = element.get("/K", [])
    return 1 + sum(elements(kid, element) for kid in kids if "/StructElem" in str(kid.get_object()))


def cells(one: Any) -> list[Any]:
    element = one.get_object()
    if element["/S"] == "/TD":
        return [element]
    return [cell for kid in element.get("/K", []) if not isinstance(kid, int) for cell in cells(kid)]
