"""The catalogues as the faces get them."""

from __future__ import annotations

import httpx

from checkin import words
from tests.served import Served


def test_faces_get_every_language_as_a_module_before_the_log_in(served: Served) -> None:
    answer = httpx.get(f"{served.url}/faces/{words.MODULE_NAME}", trust_env=False)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    for language in words.languages():
        assert f"  {language}: {{ plural: (n) => Number(" in answer.text
    assert '"present":"Badge vor den Scanner halten"' in answer.text
    assert '"kept":["1 scan waits for a connection","{count} scans wait for a connection"]' in answer.text
    assert '"undo_late":"Dafür ist es zu spät.' in answer.text
    assert words.say("arrival", "de", context="door") not in answer.text, "doors' answers are filled in here"


def test_module_is_sent_again_only_when_it_has_changed(served: Served) -> None:
    address = f"{served.url}/faces/{words.MODULE_NAME}"
    first = httpx.get(address, trust_env=False)
    assert first.headers["Cache-Control"] == "no-cache"
    again = httpx.get(address, headers={"If-None-Match": first.headers["ETag"]}, trust_env=False)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    other = httpx.get(address, headers={"If-None-Match": '"another"'}, trust_env=False)
    assert (other.status_code, other.content) == (200, first.content)
