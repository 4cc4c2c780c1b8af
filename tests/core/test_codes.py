from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkin.core import codes

KEY = bytes(range(32))
IDS = st.integers(0, 2**64 - 1)

# What a scanner that types as on a US keyboard produces on a German host: every key that differs.
US_ON_GERMAN_HOST = str.maketrans("YZyz-_=+[]{};:'\"\\|/?<>@#^&*()`~", "ZYzyß?´`üÜ+*öÖäÄ#'-_;:\"§&/(=)^°")


@given(IDS)
def test_code_is_genuine_under_its_key_and_forged_under_another(id: int) -> None:
    code = codes.make_code(id, KEY)
    assert len(code) == codes.LENGTH
    assert codes.genuineness(code, KEY) == "genuine"
    assert codes.genuineness(code, b"another key") == "forged"


@given(IDS, st.integers(0, codes.LENGTH - 1), st.sampled_from(codes.ALPHABET))
def test_code_with_one_wrong_character_fails_the_check(id: int, place: int, other: str) -> None:
    code = codes.make_code(id, KEY)
    wrong = code[:place] + other + code[place + 1 :]
    assert codes.is_well_formed(wrong) == (wrong == code)


@given(IDS, st.integers(0, codes.LENGTH - 1), st.integers(0, codes.LENGTH - 1))
def test_code_with_two_swapped_characters_fails_the_check(id: int, one: int, two: int) -> None:
    code = codes.make_code(id, KEY)
    symbols = list(code)
    symbols[one], symbols[two] = symbols[two], symbols[one]
    swapped = "".join(symbols)
    assert codes.is_well_formed(swapped) == (swapped == code)


@given(IDS)
def test_code_survives_a_us_scanner_on_a_german_host(id: int) -> None:
    code = codes.make_code(id, KEY)
    assert code.translate(US_ON_GERMAN_HOST) == code
    assert codes.normalise(code.lower().translate(US_ON_GERMAN_HOST) + "\r") == code


@given(IDS, IDS)
def test_codes_of_different_ids_differ(one: int, two: int) -> None:
    assert (codes.make_code(one, KEY) == codes.make_code(two, KEY)) == (one == two)


@pytest.mark.parametrize("text", ["", "1", "WIFI:T:WPA;S:Gast;P:geheim;;", "1" * 24, "1042", "KK17-4F7Q2M", "ä" * 24])
def test_other_texts_are_foreign(text: str) -> None:
    assert codes.genuineness(text, KEY) in ("foreign", "forged")
    if len(text) != codes.LENGTH:
        assert codes.genuineness(text, KEY) == "foreign"


def test_id_beyond_64_bits_is_refused() -> None:
    with pytest.raises(ValueError, match="64 bits"):
        codes.make_code(2**64, KEY)
