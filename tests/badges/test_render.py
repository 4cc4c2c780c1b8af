"""Badges as they come out of the printer: read again with a scanner, and with a text reader."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from typing import Any

import msgspec
import pypdf
import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from checkin.badges.face import BadgeFace
from checkin.badges.formats import FORMATS
from checkin.badges.misfits import check_letters
from checkin.badges.render import find_too_long, render_pdf, render_png
from checkin.core.codes import make_code
from checkin.core.errors import BadInput, TooLarge

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
    agenda=("10:45 T", "13:30 K"),
    photo=False,
    event_name="Integration vor Ort leben",
    event_date=dt.date(2017, 3, 20),
    event_place="Straßenbahnhalle Nord",
)
DOUBLE_NAME = ("Dr.-Ing.", "Marie-Luise", "Freifrau von Schmettow-Wolkenstein")
MINISTRY = "Ministerium für Heimat, Kommunales, Bau und Digitalisierung des Landes Nordrhein-Westfalen"
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
LINE_END_HYPHEN = "\x02"
"""How pdfium reports a hyphen at the end of a line."""
OTHER_SCRIPTS = [("Հրանտ", "Պետրոսյան"), ("さくら", "山田"), ("민준", "김"), ("สมชาย", "ใจดี")]


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


def hardest_face() -> BadgeFace:
    title, given, family = DOUBLE_NAME
    return msgspec.structs.replace(FACE, title=title, given_name=given, family_name=family, organisation=MINISTRY)


def sizes_mm(content: bytes) -> list[tuple[float, float]]:
    """Width and height of each page, in hundredths of a millimetre."""
    boxes = [page.mediabox for page in pypdf.PdfReader(io.BytesIO(content)).pages]
    return [(round(float(box.width) / 72 * 25.4, 2), round(float(box.height) / 72 * 25.4, 2)) for box in boxes]


@pytest.mark.parametrize("format", FORMATS)
def test_each_format_is_read_again_and_has_its_exact_size(format: str) -> None:
    known = FORMATS[format]
    content = render_pdf(faces(), format=format)
    sizes = sizes_mm(content)
    assert len(sizes) == len(NAMES) * known.sides
    assert {width for width, _ in sizes} == {known.width_mm}
    if known.height_mm is None:
        assert all(60 < height < 130 for _, height in sizes)
    else:
        assert {height for _, height in sizes} == {known.height_mm}
    document = pypdfium2.PdfDocument(content)
    for number, face in enumerate(faces()):
        page = document[number * known.sides]
        assert codes_in(page.render(scale=150 / 72).to_pil()) == [face.code]
    document.close()


@pytest.mark.parametrize("format", FORMATS)
def test_each_format_is_tagged_and_the_same_each_time(format: str) -> None:
    content = render_pdf([FACE], format=format)
    assert content == render_pdf([FACE], format=format)
    reader = pypdf.PdfReader(io.BytesIO(content))
    assert "pdfuaid:part" in str(reader.xmp_metadata and reader.xmp_metadata.rdf_root.toxml())
    root: Any = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "de"


@pytest.mark.parametrize(("format", "count"), [("a6", 3), ("a7", 2), ("cr80", 2), ("butterfly", 12)])
def test_sheets_are_a4_and_every_code_on_them_is_read(format: str, count: int) -> None:
    content = render_pdf(faces(), format=format, sheet=True)
    assert sizes_mm(content) == [(210, 297)] * count
    document = pypdfium2.PdfDocument(content)
    found = [code for page in document for code in codes_in(page.render(scale=200 / 72).to_pil())]
    document.close()
    assert sorted(found) == sorted(face.code for face in faces())


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_tells_all_the_forums_of_the_person(format: str) -> None:
    forums = (*FACE.forums, "P · Schlusspodium mit allen Beteiligten")
    face = msgspec.structs.replace(FACE, forums=forums, agenda=(*FACE.agenda, "15:15 P"))
    document = pypdfium2.PdfDocument(render_pdf([face], format=format))
    text = " ".join(document[0].get_textpage().get_text_range().split())
    document.close()
    told = face.agenda if format == "cr80" else face.forums
    assert [one for one in told if one not in text] == []
    assert find_too_long([face], format=format) == set()


@pytest.mark.parametrize(
    ("format", "upright", "level"),
    [
        ("cr80", [(19, 10.5), (105, 10.5), (191, 10.5), (105, 286.5)], [(16, 13.5), (16, 67.5), (194, 283.5)]),
        ("a6", [(105, 7), (105, 290)], [(7, 148.5), (203, 148.5)]),
        ("a7", [(105, 7), (105, 290)], [(7, 74.5), (203, 148.5), (7, 222.5)]),
        ("butterfly", [], [(7, 148.5), (203, 148.5)]),
    ],
)
def test_crop_marks_lie_on_the_cuts_where_a_printer_reaches(
    tmp_path: Path, format: str, upright: list[tuple[float, float]], level: list[tuple[float, float]]
) -> None:
    """Where badges fill the sheet, its edges are theirs. Looked at on badges with nothing on them."""
    blank = f'#import "@checkin/badge:1.0.0": *\n#badges(..(badge => [],) * {FORMATS[format].sides})'
    (tmp_path / f"{format}.typ").write_text(blank, encoding="utf-8")
    document = pypdfium2.PdfDocument(render_pdf([FACE], format=format, sheet=True, own=tmp_path))
    page = document[0].render(scale=300 / 72).to_pil().convert("L")
    document.close()
    dots = 300 / 25.4

    def darkest(x: float, y: float, wide: float, high: float) -> int:
        box = ((x - wide) * dots, (y - high) * dots, (x + wide) * dots, (y + high) * dots)
        left, upper, right, lower = (round(side) for side in box)
        value: int = min(page.crop((left, upper, right, lower)).tobytes())
        return value

    for x, y in upright:
        assert darkest(x, y, 0.4, 0.2) < 200, f"a cut at {x} mm, marked at {y} mm"
    for x, y in level:
        assert darkest(x, y, 0.2, 0.4) < 200, f"a cut at {y} mm, marked at {x} mm"
    assert darkest(105, 2.4, 105, 2.4) == 255, "no printer reaches the outermost 5 mm"
    assert darkest(2.4, 148, 2.4, 148) == 255


def test_butterfly_tells_the_name_upright_on_front_and_back_and_its_inner_side_lies_behind() -> None:
    """Outside: the back left of the fold, the front with the code right of it. The inner side has its
    own page, which a printer that turns the sheet over puts behind it."""
    document = pypdfium2.PdfDocument(render_pdf(faces()[:1], format="butterfly"))
    outer, inner = (page.get_textpage() for page in document)
    middle = 105 / 25.4 * 72
    height = 148 / 25.4 * 72
    for left, right in ((0, middle), (middle, 2 * middle)):
        half = outer.get_text_bounded(left=left, bottom=0, right=right, top=height)
        assert f"Friederike{LINE_END_HYPHEN}Charlotte" in half.replace("-", LINE_END_HYPHEN)
        assert "Kommunalverwaltung" in half
    assert inner.get_text_range().count("Notizen") == 2
    (code,) = zxingcpp.read_barcodes(document[0].render(scale=150 / 72).to_pil().convert("L"))
    assert code.position.top_left.x > 105 / 25.4 * 150
    assert abs(code.orientation) < 5
    document.close()


def test_sheet_of_butterflies_turned_over_its_long_edge_has_each_inner_side_behind_its_outer_side() -> None:
    document = pypdfium2.PdfDocument(render_pdf(faces()[:2], format="butterfly", sheet=True))
    assert len(document) == 2
    front, back = (page.render(scale=1).to_pil().convert("RGB") for page in document)
    document.close()
    fold_mm, upper_mm, lower_mm = 105, 140, 288
    for at_mm in (upper_mm, lower_mm):
        band = front.getpixel((round((fold_mm + 3) / 25.4 * 72), round(at_mm / 25.4 * 72)))
        head = (at_mm - upper_mm + 14, at_mm - upper_mm + 24)
        strip = back.crop((20, round(head[0] / 25.4 * 72), 100, round(head[1] / 25.4 * 72)))
        assert isinstance(band, tuple)
        colours = {pixel for _, pixel in strip.getcolors(100_000) or []}
        assert band in colours, "the heading inside has the colour of the same person's group"


def test_png_is_read_and_small_and_knows_its_size() -> None:
    content = render_png(FACE)
    picture = Image.open(io.BytesIO(content))
    assert picture.size == (1240, 1748)
    assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    assert codes_in(picture) == [FACE.code]
    assert len(content) < 300_000


def test_png_shows_the_side_asked_for() -> None:
    assert codes_in(Image.open(io.BytesIO(render_png(FACE, format="butterfly", ppi=150)))) == [FACE.code]
    assert codes_in(Image.open(io.BytesIO(render_png(FACE, format="butterfly", ppi=150, side=2)))) == []
    with pytest.raises(BadInput, match="no side 3"):
        render_png(FACE, format="butterfly", side=3)
    with pytest.raises(BadInput, match="36 to 600"):
        render_png(FACE, ppi=5_000)


@pytest.mark.parametrize("name", [name for name in NAMES if " " not in name[1] or name[1].isascii()])
def test_name_can_be_copied_out_of_the_pdf_in_the_order_of_its_letters(name: tuple[str, str]) -> None:
    face = msgspec.structs.replace(FACE, given_name=name[0], family_name=name[1])
    document = pypdfium2.PdfDocument(render_pdf([face]))
    text = document[0].get_textpage().get_text_bounded()
    document.close()
    for part in (*name[0].replace("-", " ").split(), *name[1].replace("-", " ").split()):
        assert part in text


@pytest.mark.parametrize("name", [NAMES[number] for number in (0, 1, 2, 5, 6, 7, 8, 9, 11)])
def test_name_is_text_for_a_second_reader_too(name: tuple[str, str]) -> None:
    face = msgspec.structs.replace(FACE, given_name=name[0], family_name=name[1])
    text = pypdf.PdfReader(io.BytesIO(render_pdf([face]))).pages[0].extract_text()
    for part in (*name[0].replace("-", " ").split(), *name[1].replace("-", " ").split()):
        assert part in text


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


@pytest.mark.parametrize("format", FORMATS)
def test_double_names_and_ministries_fit_every_format_and_are_never_cut(format: str) -> None:
    face = hardest_face()
    assert find_too_long([face], format=format) == set()
    document = pypdfium2.PdfDocument(render_pdf([face], format=format))
    text = " ".join(document[0].get_textpage().get_text_bounded().replace(LINE_END_HYPHEN, "-").split())
    text = text.replace("- ", "-")
    document.close()
    for word in f"{' '.join(DOUBLE_NAME)} {MINISTRY}".split():
        assert word in text


def test_text_of_any_length_is_set_whole_and_reported() -> None:
    face = msgspec.structs.replace(FACE, organisation=MINISTRY * 6)
    assert {field for field, _ in find_too_long([FACE, face])} == {"organisation"}
    document = pypdfium2.PdfDocument(render_pdf([face]))
    text = document[0].get_textpage().get_text_bounded()
    document.close()
    assert text.count("Digitalisierung") == 6
    assert ink(face, (99, 16, 105, 130)) == 0


def test_name_in_lines_is_balanced() -> None:
    face = msgspec.structs.replace(FACE, given_name="Anna-Maria", family_name="Gonzales Rodriguez Hernandez Fernandez")
    document = pypdfium2.PdfDocument(render_pdf([face]))
    page = document[0].get_textpage()
    lines = [line for line in page.get_text_bounded().splitlines() if "ez" in line]
    document.close()
    assert lines == ["Gonzales Rodriguez", "Hernandez Fernandez"]


def test_badge_without_photo_consent_bears_the_mark() -> None:
    box = (88.0, 94.0, 99.0, 106.0)
    assert ink(FACE, box) > 50
    assert ink(msgspec.structs.replace(FACE, photo=True), box) == 0


@pytest.mark.parametrize("field", ["family_name", "organisation", "department", "event_place"])
def test_letter_that_no_font_has_is_found_before_printing(field: str) -> None:
    changed: dict[str, Any] = {field: "M\U00012000ller"}
    face = msgspec.structs.replace(FACE, **changed)
    if field == "department":
        assert check_letters([face]) == [], "what is not printed needs no letters"
        return
    (misfit,) = check_letters([FACE, face])
    assert (misfit.desk_number, misfit.letters) == (1001, "\U00012000")
    with pytest.raises(BadInput, match=r"1001 .* has letters that no font has .*U\+12000"):
        render_pdf([face])


def test_every_hard_name_can_be_printed() -> None:
    assert check_letters(faces()) == []
    for given, family in OTHER_SCRIPTS:
        face = msgspec.structs.replace(FACE, given_name=given, family_name=family)
        assert codes_in(Image.open(io.BytesIO(render_png(face, ppi=150)))) == [FACE.code]


def test_unknown_format_and_too_many_badges_are_said() -> None:
    with pytest.raises(BadInput, match="there are: a6, a7"):
        render_pdf([FACE], format="a0")
    with pytest.raises(BadInput, match="those that do: a6"):
        render_pdf([FACE], format="label62", sheet=True)
    with pytest.raises(BadInput, match="no badge"):
        render_pdf([])
    with pytest.raises(TooLarge, match="at most 20,000"):
        render_pdf([FACE] * 20_001)
