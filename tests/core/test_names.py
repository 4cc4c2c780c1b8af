from __future__ import annotations

import pytest

from checkin.core.names import query_words, search_words


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("Müller", "Mueller"),
        ("Müller", "muller"),
        ("Müller", "MÜLLER"),
        ("Mu\u0308ller", "Müller"),
        ("Yıldız", "Yildiz"),
        ("Woźniak", "Wozniak"),
        ("Łęcki", "lecki"),
        ("Weiß", "weiss"),
        ("von der Heide", "heide"),
        ("von der Heide", "von"),
        ("Nguyễn Thị", "nguyen thi"),
        ("محمد العلي", "العلي"),
        ("አበበ", "አበበ"),
        ("İbrahim", "ibrahim"),
    ],
)
def test_search_finds_name_situations_6_7(name: str, query: str) -> None:
    found = search_words(name)
    assert query_words(query)
    assert all(word in found for word in query_words(query))
