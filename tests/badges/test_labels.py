"""Labels as the printers get them, decoded again to the same dots."""

from __future__ import annotations

import re
import struct

import msgspec
import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from checkin.badges.formats import FORMATS
from checkin.badges.labels import QL_PINS, TAPES, brother_raster, label_image, zpl
from checkin.core.errors import BadInput
from tests.badges.test_render import FACE, NAMES, faces

LABELS = [format.id for format in FORMATS.values() if not format.colour]


def black_of(image: Image.Image) -> bytes:
    """A byte a dot, 1 where it is black."""
    return bytes(1 if dot == 0 else 0 for dot in image.convert("L").tobytes())


def dots_of(rows: list[bytes], width: int) -> bytes:
    return b"".join(bytes(row[x // 8] >> (7 - x % 8) & 1 for x in range(width)) for row in rows)


def decode_zpl(label: bytes) -> tuple[int, int, bytes]:
    """Width, height and dots of a label with one `^GFA` (ZPL II Programming Guide)."""
    head = re.fullmatch(rb"\^XA\^PW(\d+)\^LL(\d+)\^LH0,0\^FO0,0\^GFA,(\d+),(\d+),(\d+),([^^]*)\^FS\^PQ1\^XZ\n", label)
    assert head
    width, height, sent, total, row_bytes = map(int, head.groups()[:5])
    assert sent == total == row_bytes * height
    digits = row_bytes * 2
    rows: list[str] = []
    row, repeat = "", 0
    for sign in head[6].decode():
        if "G" <= sign <= "Y":
            repeat += ord(sign) - ord("F")
        elif "g" <= sign <= "z":
            repeat += 20 * (ord(sign) - ord("f"))
        elif sign == ":":
            assert row == ""
            rows.append(rows[-1])
        else:
            row += sign * max(1, repeat) if sign not in ",!" else {",": "0", "!": "F"}[sign] * (digits - len(row))
            repeat = 0
            if len(row) == digits:
                rows.append(row)
                row = ""
    assert row == ""
    return width, height, dots_of([bytes.fromhex(one) for one in rows], width)


def decode_brother(data: bytes) -> tuple[dict[str, int], list[bytes]]:
    """What the roll is said to be, and the raster lines, pin by pin."""
    at, rows, told = 0, [], {}
    lengths = {b"\x1b@": 0, b"\x1bia": 1, b"\x1biM": 1, b"\x1biA": 1, b"\x1biK": 1, b"\x1bid": 2, b"M": 1}
    while data[at] == 0:
        at += 1
    assert at >= 200
    while at < len(data):
        if data[at : at + 3] == b"\x1biz":
            valid, kind, width, length, lines, first, end = struct.unpack("<BBBBIBB", data[at + 3 : at + 13])
            told = {"valid": valid, "kind": kind, "width": width, "length": length, "lines": lines}
            assert (first, end) == (0, 0)
            at += 13
        elif data[at] == 0x67:
            assert data[at + 1] == 0
            size = data[at + 2]
            rows.append(data[at + 3 : at + 3 + size])
            at += 3 + size
        elif data[at] == 0x1A:
            assert at == len(data) - 1
            at += 1
        else:
            command = next(one for one in lengths if data.startswith(one, at))
            at += len(command) + lengths[command]
    return told, rows


@pytest.mark.parametrize("format", LABELS)
@pytest.mark.parametrize("dpi", [203, 300])
def test_label_is_black_and_white_at_its_exact_resolution_and_read_again(format: str, dpi: int) -> None:
    known = FORMATS[format]
    for face in (faces()[0], faces()[4], FACE):
        image = label_image(face, format=format, dpi=dpi)
        assert image.mode == "1"
        assert image.width == round(known.width_mm / 25.4 * dpi)
        if known.height_mm is not None:
            assert image.height == round(known.height_mm / 25.4 * dpi)
        assert [code.text for code in zxingcpp.read_barcodes(image.convert("L"))] == [face.code]


@pytest.mark.parametrize(("format", "module_dots"), [("label62", 10), ("label62x100", 10), ("label102x152", 11)])
def test_modules_of_the_code_are_whole_dots(format: str, module_dots: int) -> None:
    image = label_image(FACE, format=format)
    (code,) = zxingcpp.read_barcodes(image.convert("L"))
    side = code.position.top_right.x - code.position.top_left.x
    assert side == pytest.approx(25 * module_dots, abs=2)
    black = black_of(image)
    y = code.position.top_left.y + 1 + module_dots // 2
    row = black[y * image.width + code.position.top_left.x - module_dots : y * image.width + code.position.top_right.x]
    runs = [len(run.group()) for run in re.finditer(rb"\x01+", row)]
    assert runs
    assert all(run % module_dots == 0 for run in runs), runs


def test_group_on_a_label_has_its_symbol_and_its_word_and_no_grey() -> None:
    one, other = (
        label_image(msgspec.structs.replace(FACE, group_number=number), format="label62x100") for number in (0, 2)
    )
    assert one.tobytes() != other.tobytes()
    assert {grey for _, grey in one.convert("L").getcolors() or []} == {0, 255}


def test_colour_is_no_label_and_other_resolutions_are_refused() -> None:
    with pytest.raises(BadInput, match="labels are: label62, label62x100"):
        label_image(FACE, format="a6")
    with pytest.raises(BadInput, match="203 or 300 dpi, not 600"):
        label_image(FACE, format="label62", dpi=600)


@pytest.mark.parametrize("format", LABELS)
def test_zpl_decodes_to_the_same_dots(format: str) -> None:
    for name in (NAMES[0], NAMES[4]):
        image = label_image(msgspec.structs.replace(FACE, given_name=name[0], family_name=name[1]), format=format)
        label = zpl(image)
        assert decode_zpl(label) == (image.width, image.height, black_of(image))
        assert len(label) < image.width * image.height / 8


@given(
    st.integers(1, 70),
    st.integers(1, 12),
    st.randoms(use_true_random=False),
    st.sampled_from([0.0, 0.02, 0.5, 0.98, 1.0]),
)
def test_zpl_of_any_image_decodes_to_the_same_dots(width: int, height: int, chance: object, black: float) -> None:
    draw = chance.random  # type: ignore[attr-defined]
    image = Image.new("1", (width, height), 1)
    image.putdata([0 if draw() < black else 255 for _ in range(width * height)])
    assert decode_zpl(zpl(image)) == (width, height, black_of(image))


def test_zpl_of_a_wide_row_uses_long_repeats() -> None:
    image = Image.new("1", (8 * 1_000, 2), 1)
    image.paste(0, (0, 0, 8 * 900, 2))
    assert decode_zpl(zpl(image)) == (8_000, 2, black_of(image))


@pytest.mark.parametrize("format", TAPES)
def test_brother_raster_decodes_to_the_middle_of_the_label(format: str) -> None:
    tape = TAPES[format]
    image = label_image(FACE, format=format)
    told, rows = decode_brother(brother_raster(image, format=format))
    assert told["width"] == 62
    assert told["length"] == (100 if tape.length_mm else 0)
    assert told["kind"] == (0x0B if tape.length_mm else 0x0A)
    assert told["lines"] == len(rows) == (tape.lines or image.height - 70)
    assert {len(row) for row in rows} == {QL_PINS // 8}
    pins = dots_of(rows, QL_PINS)
    printed = Image.frombytes("L", (QL_PINS, len(rows)), bytes(0 if pin else 255 for pin in pins))
    printed = printed.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    left, top = (image.width - tape.dots) // 2, (image.height - len(rows)) // 2
    middle = image.convert("L").crop((left, top, left + tape.dots, top + len(rows)))
    assert printed.crop((12, 0, 708, len(rows))).tobytes() == middle.tobytes()
    assert [code.text for code in zxingcpp.read_barcodes(printed)] == [FACE.code]


@pytest.mark.parametrize("format", TAPES)
def test_nothing_is_lost_at_the_edges_that_a_printer_does_not_reach(format: str) -> None:
    tape = TAPES[format]
    for face in faces():
        image = label_image(face, format=format)
        _, rows = decode_brother(brother_raster(image, format=format))
        assert sum(dots_of(rows, QL_PINS)) == sum(black_of(image)), tape


def test_other_labels_are_no_rolls_of_these_printers() -> None:
    with pytest.raises(BadInput, match="take label62, label62x100"):
        brother_raster(label_image(FACE, format="label102x152"), format="label102x152")
