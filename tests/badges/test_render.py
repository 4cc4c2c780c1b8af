"""Badges as they come out of the printer: read again with a scanner, and with a text reader."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import msgspec
import pypdf
import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from checkin.badges.face import BadgeFace
from checkin.badges.render import check_faces, render_pdf, render_png
from checkin.core.codes import make_code
from checkin.core.errors import BadInput

FACE = BadgeFace(
    code=make_code(1, b"key"),
    desk_number=1001,
    title="",
    given_name="Ada",
    family_name="Müller",
    organisation="Stadt Dortmund",
    department="",
    position="Leitung",
    town="Dortmund",
    group_name="Kommunalverwaltung",
    group_number=0,
    forums=("T · Investitionspakt Soziale Integration im Quartier", "K · Beteiligung digital"),
    photo=False,
    event_name="Integration vor Ort leben",
    event_date=dt.date(2017, 3, 20),
    event_place="Straßenbahnhalle Nord",
)
NAMES = [
    ("Friederike-Charlotte", "Freifrau von Müller-Lüdenscheidt-Oberkassel"),
    ("İbrahim", "Yıldızoğlu"),
    ("Łukasz", "Wiśniewski"),
    ("Thị Phượng", "Nguyễn"),
    ("محمد", "العلي بن عبد الله"),
    ("גיורא", "כהן"),
    ("አበበ", "ወልደማርያም"),
    ("გიორგი", "მამარდაშვილი"),
    ("Олександра", "Ґалаґан"),
    ("Νικόλαος", "Παπαδόπουλος"),
    ("अनिल", "श्रीनिवासन"),
    ("小明", "王"),
]


def faces() -> list[BadgeFace]:
    return [
        msgspec.structs.replace(
            FACE,
            given_name=given,
            family_name=family,
            desk_number=1001 + number,
            code=make_code(number, b"key"),
            group_number=number,
        )
        for number, (given, family) in enumerate(NAMES)
    ]


def codes_in(picture: Image.Image) -> list[str]:
    return [code.text for code in zxingcpp.read_barcodes(picture.convert("L"))]


def test_pdf_has_a_page_a_badge_and_each_code_is_read() -> None:
    document = pypdfium2.PdfDocument(render_pdf(faces()))
    assert len(document) == len(NAMES)
    for page, face in zip(document, faces(), strict=True):
        assert page.get_size() == pytest.approx((105 / 25.4 * 72, 148 / 25.4 * 72), abs=0.5)
        assert codes_in(page.render(scale=150 / 72).to_pil()) == [face.code]
    document.close()


def test_pdf_is_tagged_and_the_same_each_time() -> None:
    content = render_pdf([FACE])
    assert content == render_pdf([FACE])
    reader = pypdf.PdfReader(io.BytesIO(content))
    assert b"pdfuaid:part" in content or "pdfuaid" in str(reader.xmp_metadata and reader.xmp_metadata.rdf_root.toxml())
    root: Any = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "de"


@pytest.mark.parametrize("name", [name for name in NAMES if name[0].isascii() or ord(name[0][0]) < 0x590])
def test_name_can_be_copied_out_of_the_pdf(name: tuple[str, str]) -> None:
    face = msgspec.structs.replace(FACE, given_name=name[0], family_name=name[1])
    document = pypdfium2.PdfDocument(render_pdf([face]))
    text = document[0].get_textpage().get_text_bounded()
    document.close()
    for part in (*name[0].replace("-", " ").split(), *name[1].replace("-", " ").split()):
        assert part in text


def test_png_is_read_and_small() -> None:
    content = render_png(FACE)
    picture = Image.open(io.BytesIO(content))
    assert picture.size == (1240, 1748)
    assert picture.mode == "P"
    assert codes_in(picture) == [FACE.code]
    assert len(content) < 150_000


def ink(face: BadgeFace, box: tuple[float, float, float, float]) -> int:
    """Dark pixels inside a box in millimetres."""
    picture = Image.open(io.BytesIO(render_png(face, ppi=150))).convert("L")
    dots = 150 / 25.4
    left, top, right, bottom = (round(side * dots) for side in box)
    return sum(pixel < 160 for pixel in picture.crop((left, top, right, bottom)).tobytes())


@pytest.mark.parametrize("field", ["given_name", "family_name", "organisation", "title", "town"])
def test_longest_texts_stay_inside_their_place(field: str) -> None:
    long: dict[str, Any] = {
        field: "Bundesministerium für Umwelt, Naturschutz, Bau und Reaktorsicherheit, Abteilung Stadtentwicklung"[:96]
    }
    face = msgspec.structs.replace(FACE, **long)
    assert codes_in(Image.open(io.BytesIO(render_png(face)))) == [FACE.code]
    assert ink(face, (0, 16, 6, 130)) == 0, "the left margin stays clear"
    assert ink(face, (99, 16, 105, 130)) == 0, "the right margin stays clear"


def test_badge_without_photo_consent_bears_the_mark() -> None:
    box = (88.0, 94.0, 99.0, 106.0)
    assert ink(FACE, box) > 50
    assert ink(msgspec.structs.replace(FACE, photo=True), box) == 0


def test_letter_that_no_font_has_is_found_before_printing() -> None:
    face = msgspec.structs.replace(FACE, family_name="M\U00012000ller")
    (misfit,) = check_faces([FACE, face])
    assert (misfit.desk_number, misfit.field, misfit.letters) == (1001, "family_name", "\U00012000")
    with pytest.raises(BadInput, match=r"1001: family_name .*U\+12000"):
        render_pdf([face])


def test_every_hard_name_can_be_printed() -> None:
    assert check_faces(faces()) == []


def test_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(BadInput, match="there are: a6"):
        render_pdf([FACE], format="a7")
    with pytest.raises(BadInput, match="no badge"):
        render_pdf([])
