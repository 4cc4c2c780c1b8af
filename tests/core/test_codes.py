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


@pytest.mark.parametrize(
    ("id", "code"),
    [
        (0, "1000000000000005JR77WHG5"),
        (1, "1000000000000013PX8S21PW"),
        (28, "10000000000000X8P64002W3"),
        (29, "100000000000010RDF1JB317"),
        (2**64 - 1, "11R3WXH11F098WRS3BBV5309"),
    ],
)
def test_code_is_the_same_for_ever(id: int, code: str) -> None:
    assert codes.make_code(id, KEY) == code


@pytest.mark.parametrize("id", [-1, 2**64])
def test_id_outside_of_64_bits_is_refused(id: int) -> None:
    with pytest.raises(ValueError, match=r"^id_64 must fit in 64 bits$"):
        codes.make_code(id, KEY)


@pytest.mark.parametrize(("body", "check"), [("", "0"), ("1", "1"), ("01", "2"), ("X", "X"), ("XX", "V")])
def test_check_character_weighs_the_places_from_one(body: str, check: str) -> None:
    assert codes.check_character(body) == check


def test_read_text_is_looked_up_in_capitals_without_white_space() -> None:
    assert codes.normalise(" \tab c1\r\n") == "AB C1"


def spelt_as(code: str, **changes: str) -> str:
    """Another text of the same length whose check character is right."""
    body = changes.get("version", code[0]) + code[1:-1]
    return body + codes.check_character(body)


def test_code_of_another_version_or_length_is_foreign() -> None:
    code = codes.make_code(7, KEY)
    assert codes.genuineness(spelt_as(code), KEY) == "genuine"
    assert codes.genuineness(spelt_as(code, version="2"), KEY) == "foreign"
    short, long = code[:-2], code[:-1] + "0"
    assert not codes.is_well_formed(short + codes.check_character(short))
    assert not codes.is_well_formed(long + codes.check_character(long))
    assert codes.genuineness(code[:-2] + "Z" + code[-1], KEY) == "foreign"


def test_code_with_another_mac_is_forged() -> None:
    code = codes.make_code(7, KEY)
    for place in range(1, codes.LENGTH - 1):
        other = "0" if code[place] != "0" else "1"
        body = code[:place] + other + code[place + 1 : -1]
        assert codes.genuineness(body + codes.check_character(body), KEY) == "forged"


@given(st.binary(max_size=200), st.data())
def test_certificate_code_is_read_as_people_type_it_and_every_wrong_character_is_found(
    content: bytes, data: st.DataObject
) -> None:
    code = codes.certificate_code(content, bytes(32))
    typed = " ".join(code[at : at + 4] for at in range(0, len(code), 4)).lower().replace("0", "o").replace("1", "l")
    assert codes.read_certificate_code(typed) == code
    assert codes.certificate_code(content, bytes(31) + b"\1") != code
    at = data.draw(st.integers(0, len(code) - 1))
    other = data.draw(st.sampled_from([symbol for symbol in codes.ALPHABET if symbol != code[at]]))
    assert codes.read_certificate_code(code[:at] + other + code[at + 1 :]) is None
