from __future__ import annotations

import pytest

from checkin.core.model import Attendee
from checkin.core.names import fold, fold_german, name_key, name_parts, query_words, search_words


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("Müller", "Mueller"),
        ("Müller", "muller"),
        ("Müller", "MÜLLER"),
        ("Mu\u0308ller", "Müller"),
        ("Müller", "Mu\u0308ller"),
        ("Yıldız", "Yildiz"),
        ("Woźniak", "Wozniak"),
        ("Łęcki", "lecki"),
        ("Weiß", "weiss"),
        ("WEISS", "Weiß"),
        ("von der Heide", "heide"),
        ("von der Heide", "von"),
        ("Nguyễn Thị", "nguyen thi"),
        ("Müller-Lüdenscheidt", "luedenscheidt mueller"),
        ("O'Brien", "o brien"),
        ("محمد العلي", "العلي"),
        ("አበበ", "አበበ"),
        ("İbrahim", "ibrahim"),
        ("Ａｄａ", "ada"),
        ("ﬁlip", "filip"),
    ],
)
def test_search_finds_name_situations_6_7(name: str, query: str) -> None:
    found = search_words(name).split(" ")
    assert query_words(query)
    assert all(word in found for word in query_words(query))


@pytest.mark.parametrize(
    ("text", "folded", "german"),
    [
        ("Müller", "muller", "mueller"),
        ("ÄÖÜ", "aou", "aeoeue"),
        ("Weiß", "weiss", "weiss"),
        ("Yıldız", "yildiz", "yildiz"),
        ("ŁØĐÐÞÆŒ", "loddthaeoe", "loddthaeoe"),
        ("Ａﬁ²", "afi2", "afi2"),
        ("Ắ", "a", "a"),
        ("A\u0308", "a", "ae"),
    ],
)
def test_name_is_folded_both_ways(text: str, folded: str, german: str) -> None:
    assert (fold(text), fold_german(text)) == (folded, german)


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (("Ada", "Müller"), "ada muller mueller"),
        (("Ada", "ada", "ADA"), "ada"),
        (("Jean-Luc d'Arc_2",), "jean luc d arc 2"),
        ((), ""),
        (("–",), ""),
    ],
)
def test_search_words_are_each_word_once(texts: tuple[str, ...], words: str) -> None:
    assert search_words(*texts) == words


def test_query_words_are_those_typed_in_their_order() -> None:
    assert query_words("  Müller, Ada ") == ["mueller", "ada"]
    assert query_words(" - ") == []


@pytest.mark.parametrize(
    ("title", "given", "family", "name"),
    [
        ("Dr.", "Ada", "Müller", "Dr. Ada Müller"),
        ("", "Ada", "Müller", "Ada Müller"),
        ("", "", "Müller", "Müller"),
        ("Prof.", "Ada", "", "Prof. Ada"),
    ],
)
def test_name_is_said_with_its_title(title: str, given: str, family: str, name: str) -> None:
    assert Attendee(id="a1", group="gast", title=title, given_name=given, family_name=family).name == name


def test_name_key_is_the_same_however_a_name_is_spelt_or_ordered() -> None:
    assert name_key("Jörg", "Gröning") == name_key("Joerg", "Groening") == name_key("Gröning", "Jörg")
    assert name_key("Ada", "Yılmaz") == name_key("ADA", "Yilmaz")
    assert name_key("Ada", "Müller") != name_key("Ada", "Möller")


@pytest.mark.parametrize(
    ("name", "parts", "is_sure"),
    [
        ("Dr. Anna Meier-Schulz", ("", "Dr.", "Anna", "Meier-Schulz"), True),
        ("Meier, Anna", ("", "", "Anna", "Meier"), True),
        ("Meier, Dr. Anna", ("", "Dr.", "Anna", "Meier"), True),
        ("Frau Prof. Dr. med. Ada von der Heide", ("Frau", "Prof. Dr. med.", "Ada", "von der Heide"), True),
        ("Heide, Ada von der", ("", "", "Ada", "von der Heide"), True),
        ("Maria De Luca", ("", "", "Maria", "De Luca"), True),
        ("Anna Meier, M.Sc.", ("", "M.Sc.", "Anna", "Meier"), True),
        ("Dr.-Ing. Max Müller", ("", "Dr.-Ing.", "Max", "Müller"), True),
        ("Anna Maria Meier", ("", "", "Anna Maria", "Meier"), False),
        ("K. Ott", ("", "", "K.", "Ott"), True),
        ("Cher", ("", "", "", "Cher"), False),
        ("", ("", "", "", ""), False),
    ],
)
def test_whole_name_is_taken_apart(name: str, parts: tuple[str, str, str, str], is_sure: bool) -> None:
    found = name_parts(name)
    assert (found.salutation, found.title, found.given_name, found.family_name) == parts
    assert found.is_sure == is_sure
