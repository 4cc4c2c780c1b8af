"""Badges over HTTP: drawn in every kind, looked at before they are printed, and kept from those who may not."""

from __future__ import annotations

import io
from pathlib import Path

import httpx
import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from tests.badges.test_labels import decode_brother, decode_zpl
from tests.served import Served
from tests.venue import SLUG

PLAIN = '#import "@checkin/badge:1.0.0": *\n#badges(badge => fitted(badge.given_name, 20mm, 9mm, 20pt, 9pt))\n'


def write_template(folder: Path, name: str, content: str) -> None:
    own = folder / "events" / SLUG / "badges"
    own.mkdir(parents=True, exist_ok=True)
    (own / name).write_text(content, encoding="utf-8")


def code_in(content: bytes) -> str:
    (code,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(content)).convert("L"))
    return str(code.text)


@pytest.mark.parametrize("format", [None, "a6", "a7", "cr80", "butterfly", "label62", "label62x100", "label102x152"])
def test_badge_is_drawn_as_png_in_every_format(served: Served, format: str | None) -> None:
    answer = served.client("desk").get("/badges/badge-a1.png", params={"format": format} if format else {})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["cache-control"] == "private, no-store"
    assert code_in(answer.content) == served.codes["a1"]


def test_badge_is_drawn_as_pdf_zpl_and_brother_raster(served: Served) -> None:
    desk = served.client("desk")
    pdf = pypdfium2.PdfDocument(desk.get("/badges/badge-a1.pdf?format=butterfly").content)
    assert len(pdf) == 2
    pdf.close()
    assert decode_zpl(desk.get("/badges/badge-a1.zpl").content)[:2] == (815, 1215)
    assert decode_zpl(desk.get("/badges/badge-a1.zpl?format=label62x100&dpi=203").content)[:2] == (496, 799)
    told, _ = decode_brother(desk.get("/badges/badge-a1.bin?format=label62x100").content)
    assert told["length"] == 100


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("badge-a1.gif", 404, "kind_unknown"),
        ("badge-zz.png", 404, "badge_unknown"),
        ("badge-a1.png?format=a0", 422, "format_unknown"),
        ("badge-a1.png?dpi=9000", 422, "ppi_unknown"),
        ("badge-a1.png?side=2", 422, "side_unknown"),
        ("badge-a1.zpl?format=a6", 422, "format_no_label"),
        ("badge-a1.zpl?dpi=600", 422, "dpi_unknown"),
        ("badge-a1.bin?format=label102x152", 422, "format_no_tape"),
    ],
)
def test_what_cannot_be_drawn_is_a_problem_with_a_code(served: Served, path: str, status: int, code: str) -> None:
    answer = served.client("desk").get(f"/badges/{path}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_preview_shows_an_attendee_whose_badge_is_not_valid_with_a_code_of_nobody(served: Served) -> None:
    organiser = served.operator()
    assert code_in(organiser.get("/badges/preview/a1.png?format=a7").content) == served.codes["a1"]
    served.write(lambda tx: tx.run("UPDATE badge SET state = 'blocked' WHERE id = 'badge-a2'"))
    assert code_in(organiser.get("/badges/preview/a2.png?format=a7").content) == "0" * 24
    assert organiser.get("/badges/preview/a1.pdf").headers["content-type"] == "application/pdf"
    assert organiser.get("/badges/preview/nobody.png").json()["code"] == "attendee_unknown"


def test_own_template_is_used_at_once_and_its_version_changes(served: Served, tmp_path: Path) -> None:
    organiser = served.operator()
    before = organiser.get("/badges/templates").json()
    assert not any(one["own"] for one in before["formats"])
    ours = organiser.get("/badges/preview/a1.png").content
    write_template(tmp_path, "a6.typ", PLAIN)
    after = organiser.get("/badges/templates").json()
    assert [one["id"] for one in after["formats"] if one["own"]] == ["a6"]
    assert after["version"] != before["version"]
    assert organiser.get("/badges/preview/a1.png").content != ours
    assert served.client("desk").get("/badges/badge-a1.png").status_code == 200


def test_template_can_be_read_to_begin_an_own_one_with(served: Served, tmp_path: Path) -> None:
    organiser = served.operator()
    ours = organiser.get("/badges/templates/a7.typ")
    assert ours.text.startswith("// A7, landscape.")
    write_template(tmp_path, "a7.typ", ours.text + "// ours now\n")
    assert organiser.get("/badges/templates/a7.typ").text.endswith("// ours now\n")
    assert organiser.get("/badges/preview/a1.png?format=a7").status_code == 200
    assert organiser.get("/badges/templates/..%2F..%2Fx.typ").status_code in (404, 422)


def test_error_in_an_own_template_is_told_and_nothing_is_printed_instead(served: Served, tmp_path: Path) -> None:
    write_template(tmp_path, "a6.typ", PLAIN + "#nope")
    organiser = served.operator()
    for path in ("preview/a1.png", "preflight?format=a6", "badge-a1.pdf"):
        answer = organiser.get(f"/badges/{path}")
        assert answer.status_code == 422
        assert answer.json()["code"] == "template_wrong"
        assert answer.json()["detail"] == "Template a6.typ, line 3: unknown variable: nope."
        assert (answer.json()["file"], answer.json()["line"]) == ("a6.typ", "3")
    assert organiser.get("/badges/templates").status_code == 200


def test_preflight_names_who_does_not_fit(served: Served) -> None:
    organiser = served.operator()
    sent = {"given_name": "Ada", "family_name": "\U00012000", "organisation": "Amt " * 40, "group": "gast"}
    attendee = organiser.post("/attendees", json=sent).json()["id"]
    answer = organiser.get("/badges/preflight?format=cr80").json()
    assert answer["checked"] == 27
    assert next((one["attendee"], one["field"], one["letters"]) for one in answer["misfits"]) == (
        attendee,
        "family_name",
        "\U00012000",
    )
    assert organiser.get("/badges/preflight?format=x").json()["code"] == "format_unknown"


def test_all_badges_are_one_document_and_who_is_missing_is_told(served: Served) -> None:
    organiser = served.operator()
    sent = {"given_name": "Ada", "family_name": "\U00012000", "group": "presse"}
    organiser.post("/attendees", json=sent)
    answer = organiser.post("/badges/document", json={"format": "a6", "sheet": True, "group": "presse"}, timeout=60)
    assert answer.status_code == 200, answer.text
    assert (answer.headers["Checkin-Badges"], answer.headers["Checkin-Missing"]) == ("2", "1")
    assert len(pypdfium2.PdfDocument(answer.content)) == 1
    assert organiser.get("/attendees/p1").json()["badge"]["printed_at"] is not None
    assert organiser.post("/badges/document", json={"group": "x"}).status_code == 404
    assert organiser.post("/badges/document", json={"format": "label62", "sheet": True}).status_code == 422
    assert served.client("desk").post("/badges/document", json={}).status_code == 403


def test_letters_that_no_font_has_are_told_while_they_are_typed(served: Served) -> None:
    desk = served.client("desk")
    text = "Ada \U00012000 Öztürk 李 \U00012000"
    assert desk.post("/badges/letters", json={"text": text}).json() == {"missing": "\U00012000"}


def test_hardest_are_listed_first(served: Served) -> None:
    organiser = served.operator()
    sent = {"given_name": "Friederike-Charlotte", "family_name": "von Schmettow-Wolkenstein", "group": "gast"}
    organiser.post("/attendees", json=sent)
    listed = organiser.get("/badges/hardest").json()["attendees"]
    assert listed[0]["name"] == "Friederike-Charlotte von Schmettow-Wolkenstein"
    assert len(listed) == 27


@pytest.mark.parametrize("path", ["templates/a6.typ", "hardest", "preflight", "preview/a1.png"])
def test_looking_at_everybody_s_badges_is_for_organisers(served: Served, path: str) -> None:
    assert served.operator("desk").get(f"/badges/{path}").status_code == 403
    assert served.client("door").get(f"/badges/{path}").status_code == 403


def test_fonts_for_screens_need_no_log_in(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CACHE_DIRECTORY", str(tmp_path))
    answer = httpx.get(f"{served.url}/faces/fonts/georgian.woff2", trust_env=False, timeout=30)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "font/woff2"
    assert answer.content.startswith(b"wOF2")
    assert httpx.get(f"{served.url}/faces/fonts/none.woff2", trust_env=False).status_code == 404
    assert httpx.get(f"{served.url}/faces/fonts.css", trust_env=False).status_code == 200
