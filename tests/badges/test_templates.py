"""Own templates of an event: used in the place of ours, kept in their folder, and told when wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pypdfium2
import pytest

from checkin.badges.formats import FORMATS
from checkin.badges.render import render_pdf, render_png
from checkin.badges.templates import OURS, TemplateWrong, own_templates, template_of, templates_version
from checkin.core.errors import BadInput, TooLarge
from tests.badges.test_render import FACE, faces, sizes_mm

LIBRARY = '#import "@checkin/badge:1.0.0": *\n'
PLAIN = LIBRARY + "#badges(badge => fitted(badge.family_name, 80mm, 20mm, 40pt, 9pt))\n"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = own_templates(tmp_path, "tagung")
    folder.mkdir(parents=True)
    return folder


def text_of(content: bytes) -> str:
    document = pypdfium2.PdfDocument(content)
    text = document[0].get_textpage().get_text_bounded()
    document.close()
    return str(text)


def test_own_template_takes_the_place_of_ours_for_its_format_alone(own: Path) -> None:
    (own / "a6.typ").write_text(PLAIN, encoding="utf-8")
    content = render_pdf([FACE], own=own)
    assert text_of(content).strip() == "Müller"
    assert sizes_mm(content) == [(105, 148)]
    assert "Stadt Dortmund" in text_of(render_pdf([FACE], format="a7", own=own))
    assert "Stadt Dortmund" in text_of(render_pdf([FACE]))
    assert len(render_pdf(faces(), sheet=True, own=own)) > len(content)


def test_event_without_a_folder_uses_ours(tmp_path: Path) -> None:
    own = own_templates(tmp_path, "nichts")
    assert render_pdf([FACE], own=own) == render_pdf([FACE])
    assert templates_version(own) == templates_version(own)


@pytest.mark.parametrize("format", FORMATS)
def test_copy_of_ours_works_as_an_own_template(own: Path, format: str) -> None:
    for file in OURS.glob("*.typ"):
        (own / file.name).write_bytes(file.read_bytes())
    assert template_of(FORMATS[format], own).own
    assert render_png(FACE, format=format, ppi=72, own=own) == render_png(FACE, format=format, ppi=72)


def test_own_template_uses_pictures_of_its_folder(own: Path) -> None:
    (own / "logo.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>', encoding="utf-8")
    (own / "a6.typ").write_text(PLAIN + '#image("logo.svg", alt: "Logo")', encoding="utf-8")
    assert render_pdf([FACE], own=own)


@pytest.mark.parametrize(
    ("template", "line", "message"),
    [
        ("#let x = 1 +\n", 2, "expected expression"),
        ("#badges(badge => [#nope])", 2, "unknown variable: nope"),
        ("#badges(badge => [#badge.nothing])", 2, "nothing"),
        ('\n\n#panic("stop")', 4, "panicked"),
        ('#badges(badge => image("fehlt.png"))', 2, "file not found"),
        ('#badges(badge => image("bild.svg"))', 2, "alt"),
    ],
)
def test_error_is_one_line_with_file_line_and_message(own: Path, template: str, line: int, message: str) -> None:
    (own / "bild.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>', encoding="utf-8")
    (own / "a6.typ").write_text(LIBRARY + template, encoding="utf-8")
    with pytest.raises(TemplateWrong) as raised:
        render_pdf([FACE], own=own)
    assert raised.value.message.startswith(f"Template a6.typ, line {line}: ")
    assert message in raised.value.message
    assert "\n" not in raised.value.message
    assert isinstance(raised.value, BadInput)


def test_error_that_typst_finds_in_the_library_names_the_template(own: Path) -> None:
    (own / "a6.typ").write_text(LIBRARY + '#badges(badge => fitted(badge.title, 1mm, 1mm, "x", 1pt))', encoding="utf-8")
    (own / "a7.typ").write_text(LIBRARY + '#badges(badge => fitted(badge.group, 1mm, 1mm, "x", 1pt))', encoding="utf-8")
    with pytest.raises(TemplateWrong, match=r"Template a7\.typ, in line \d+ of @checkin/badge: "):
        render_pdf([FACE], format="a7", own=own)


@pytest.mark.parametrize(
    "template",
    [
        '#import "@preview/cetz:0.3.0": *',
        '#let name = "@pre" + "view/cetz:0.3.0"\n#import name: *',
        '#import ("@pre" + "view/cetz:0.3.0"): *',
        '#eval("import \\"@preview/cetz:0.3.0\\": *")',
        "#{\n  import sys.inputs.title\n}",
    ],
)
def test_packages_of_the_network_are_refused_without_asking_it(own: Path, template: str) -> None:
    (own / "a6.typ").write_text(PLAIN + template, encoding="utf-8")
    with pytest.raises(TemplateWrong, match=r"Template a6\.typ, line \d: imports files of this folder"):
        render_pdf([FACE], own=own)


def test_words_about_imports_are_no_imports(own: Path) -> None:
    (own / "a6.typ").write_text(PLAIN + "// We import nothing.\n[Wichtige import-Waren, important]", encoding="utf-8")
    assert render_pdf([FACE], own=own)


@pytest.mark.parametrize("path", ["../secret.txt", "../../secret.txt", "/secret.txt", "link.txt"])
def test_files_outside_the_folder_are_not_read(own: Path, path: str) -> None:
    (own.parent / "secret.txt").write_text("geheim", encoding="utf-8")
    if path == "link.txt":
        os.symlink(own.parent / "secret.txt", own / "link.txt")
    (own / "a6.typ").write_text(PLAIN + f'#read("{path}")', encoding="utf-8")
    with pytest.raises(TemplateWrong) as raised:
        render_pdf([FACE], own=own)
    assert "geheim" not in raised.value.message


def test_version_changes_with_every_file(own: Path) -> None:
    versions = [templates_version(own)]
    for name, content in (("a6.typ", "a"), ("logo.svg", "b"), ("a6.typ", "longer")):
        (own / name).write_text(content, encoding="utf-8")
        versions.append(templates_version(own))
    (own / "logo.svg").unlink()
    versions.append(templates_version(own))
    assert len(set(versions)) == len(versions)


def test_folder_with_too_many_files_is_refused(own: Path) -> None:
    for number in range(101):
        (own / f"{number}.typ").touch()
    with pytest.raises(TooLarge, match="more than 100 files"):
        templates_version(own)


def test_template_that_is_no_text_is_refused(own: Path) -> None:
    (own / "a6.typ").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TemplateWrong, match="cannot be read as UTF-8"):
        render_pdf([FACE], own=own)
