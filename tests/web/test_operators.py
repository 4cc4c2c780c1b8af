"""Accounts from outside: the first link, invitations, roles, the second factor."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest

from checkin.core.roles import OPERATOR_MAY
from checkin.service import factors, operators, people
from checkin.store.deeds import load_deeds
from checkin.store.engine import Transaction
from checkin.store.people import operator_by_name
from tests.served import PASSWORD, Served, serve

OTHER = "noch ein Passwort"


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[Served]:
    """A service whose organisers need a second factor."""
    with serve(tmp_path, second_factor="required") as one:
        yield one


def browser(served: Served) -> httpx.Client:
    client = httpx.Client(base_url=f"{served.url}/api/v1", trust_env=False)
    served.clients.append(client)
    return client


def logged_in(served: Served, name: str, password: str = PASSWORD, code: str = "") -> httpx.Response:
    return browser(served).post("/login", json={"name": name, "password": password, "code": code})


def accept(served: Served, link: str, **sent: str) -> httpx.Response:
    body = {"code": link.partition("#")[2], "password": OTHER, **sent}
    return browser(served).post("/invitation/accept", json=body)


def enrol(client: httpx.Client, password: str = PASSWORD) -> tuple[str, list[str]]:
    """Set the second factor; returns the secret and the recovery codes."""
    secret: str = client.get("/second-factor").json()["secret"]
    sent = {"secret": secret, "code": pyotp.TOTP(secret).at(people.wall_ms() / 1000), "password": password}
    answer = client.post("/second-factor", json=sent)
    assert answer.status_code == 200, answer.text
    return secret, answer.json()["recovery_codes"]


def deeds(served: Served) -> list[str]:
    return [deed.what for deed in served.write(lambda tx: load_deeds(tx))]


def account(served: Served, name: str) -> str:
    found = served.write(lambda tx: operator_by_name(tx, name))
    assert found is not None
    return found.id


# --- the first account --------------------------------------------------------------------------------------------


def test_first_link_makes_an_organiser_once(served: Served) -> None:
    code = served.write(operators.open_setup)
    assert code is not None
    assert browser(served).post("/invitation", json={"code": code}).json()["role"] == "organiser"
    first = accept(served, f"#{code}", name="Mira")
    assert first.json()["operator"] == {"name": "Mira", "role": "organiser"}
    assert accept(served, f"#{code}", name="Eve").status_code == 404
    assert served.write(operators.open_setup) is None
    assert deeds(served) == ["added"]


def test_first_link_is_void_as_soon_as_there_is_an_account(served: Served) -> None:
    code = served.write(operators.open_setup)
    served.operator()
    answer = accept(served, f"#{code}", name="Eve")
    assert (answer.status_code, answer.json()["code"]) == (404, "setup_over")


def test_restart_makes_an_earlier_first_link_void(served: Served) -> None:
    earlier = served.write(operators.open_setup)
    served.write(operators.open_setup)
    assert accept(served, f"#{earlier}", name="Eve").status_code == 404


# --- invitations --------------------------------------------------------------------------------------------------


def test_invited_person_chooses_a_password_once(served: Served) -> None:
    organiser = served.operator()
    invitation = organiser.post(f"{served.url}/api/v1/operators", json={"name": "Ayşe", "role": "desk"}).json()
    assert "<svg" in invitation["qr"]
    assert logged_in(served, "Ayşe", "").status_code == 422
    assert logged_in(served, "Ayşe", OTHER).status_code == 401
    assert accept(served, invitation["link"], password="kurz").status_code == 422
    assert accept(served, invitation["link"]).status_code == 200
    assert accept(served, invitation["link"]).status_code == 404
    assert logged_in(served, "Ayşe", OTHER).status_code == 200
    assert deeds(served)[:3] == ["accepted", "login_failed", "invited"]


def test_name_is_the_same_however_it_is_spelled(served: Served) -> None:
    organiser = served.operator()
    url = f"{served.url}/api/v1/operators"
    link = organiser.post(url, json={"name": "Mira Öztürk", "role": "desk"}).json()["link"]
    assert accept(served, link).status_code == 200
    for name in ("mira öztürk", " MIRA  ÖZTÜRK ", unicodedata.normalize("NFD", "Mira Öztürk")):
        assert logged_in(served, name, OTHER).status_code == 200, name
        twin = organiser.post(url, json={"name": name, "role": "desk"})
        assert (twin.status_code, twin.json()["code"]) == (409, "operator_exists"), name


def test_twins_of_an_older_database_log_in_as_they_are_written(served: Served) -> None:
    def twin(tx: Transaction, name: str, password: str) -> None:
        one = people.add_operator(tx, f"Twin {password}", "desk", password, now=0)
        tx.run("UPDATE operator SET name = ? WHERE id = ?", (name, one.id))

    for name, password in (("Äö", PASSWORD), ("äö", OTHER)):
        served.write(partial(twin, name=name, password=password))
    assert logged_in(served, "Äö").status_code == 200
    assert logged_in(served, "äö", OTHER).status_code == 200
    assert logged_in(served, "ÄÖ").status_code == 401, "neither is guessed"


def test_renewed_invitation_is_no_news_of_another_password(served: Served) -> None:
    organiser = served.operator()
    made = organiser.post(f"{served.url}/api/v1/operators", json={"name": "Ayşe", "role": "desk"}).json()
    link = organiser.post(f"{served.url}/api/v1/operators/{made['id']}/invitation").json()["link"]
    client = browser(served)
    client.post("/invitation/accept", json={"code": link.partition("#")[2], "password": OTHER})
    assert client.get("/me").json()["new_links"] == []


def test_expired_invitation_is_not_found(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    organiser = served.operator()
    link = organiser.post(f"{served.url}/api/v1/operators", json={"name": "Ayşe", "role": "desk"}).json()["link"]
    later = people.wall_ms() + operators.INVITATION_HOURS * 3_600_000
    monkeypatch.setattr(operators, "wall_ms", lambda: later)
    assert accept(served, link).json()["code"] == "invitation_unknown"


def test_withdrawn_operator_is_out_at_once_and_can_be_invited_again(served: Served) -> None:
    organiser, desk = served.operator(), served.operator("desk")
    path = f"{served.url}/api/v1/operators/{account(served, 'desk 1')}"
    assert desk.get("/occupancy").status_code == 200
    assert organiser.delete(path).status_code == 204
    assert desk.get("/occupancy").status_code == 401
    assert logged_in(served, "desk 1").status_code == 401
    link = organiser.post(f"{path}/invitation").json()["link"]
    assert accept(served, link).status_code == 200
    assert deeds(served)[:2] == ["accepted", "reinstated"]


def test_role_that_changed_holds_at_once(served: Served) -> None:
    organiser, desk = served.operator(), served.operator("desk")
    assert desk.get("/attendees?q=Ada").status_code == 200
    path = f"{served.url}/api/v1/operators/{account(served, 'desk 1')}"
    assert organiser.patch(path, json={"role": "viewer"}).status_code == 204
    assert desk.get("/attendees?q=Ada").status_code == 403


def test_nobody_changes_their_own_account(served: Served) -> None:
    organiser = served.operator()
    path = f"{served.url}/api/v1/operators/{account(served, 'organiser 0')}"
    for answer in (organiser.delete(path), organiser.patch(path, json={"role": "safety"})):
        assert (answer.status_code, answer.json()["code"]) == (403, "own_account")


def test_safety_accounts_are_given_by_safety_once_there_is_one(served: Served) -> None:
    organiser = served.operator()
    url = f"{served.url}/api/v1/operators"
    assert organiser.post(url, json={"name": "Falsch getippt", "role": "safety"}).status_code == 201
    assert organiser.delete(f"{url}/{account(served, 'Falsch getippt')}").status_code == 204
    made = organiser.post(url, json={"name": "Erste", "role": "safety"}).json()
    path = f"{url}/{made['id']}"
    renewed = organiser.post(f"{path}/invitation").json()
    assert "safety" in organiser.get(url).json()["gives"], "the first link may be lost: nobody is in yet"
    assert accept(served, made["link"]).json()["code"] == "invitation_unknown"
    assert accept(served, renewed["link"]).status_code == 200
    assert organiser.post(f"{path}/confirmation").status_code == 204
    for answer in (
        organiser.post(url, json={"name": "Zweite", "role": "safety"}),
        organiser.post(f"{path}/invitation"),
        organiser.patch(path, json={"role": "desk"}),
        organiser.delete(f"{path}/second-factor"),
        organiser.delete(path),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "role_not_yours")
    safety = served.operator("safety")
    assert safety.post(url, json={"name": "Zweite", "role": "safety"}).status_code == 201
    assert safety.post(url, json={"name": "Dritte", "role": "organiser"}).status_code == 403
    assert safety.delete(path).status_code == 204


def test_last_organiser_stays(served: Served) -> None:
    served.operator()
    with pytest.raises(Exception, match="last organiser"):
        served.write(lambda tx: operators.withdraw_account(tx, operators.named(tx, "organiser 0"), by="command"))
    served.operator()
    served.write(lambda tx: operators.withdraw_account(tx, operators.named(tx, "organiser 0"), by="command"))


@pytest.mark.parametrize("role", ["steward", "desk", "viewer"])
def test_accounts_are_not_for_every_role(served: Served, role: str) -> None:
    client = served.operator(role)
    assert client.get(f"{served.url}/api/v1/operators").status_code == 403
    assert client.get(f"{served.url}/api/v1/roles").status_code == 403


def test_table_of_roles_is_the_one_that_decides(served: Served) -> None:
    shown = served.operator().get(f"{served.url}/api/v1/roles").json()
    assert {role: set(may) for role, may in shown["operators"].items()} == OPERATOR_MAY
    assert shown["second_factor"] == ["organiser", "safety"]


# --- the second factor --------------------------------------------------------------------------------------------


def test_organiser_without_second_factor_may_nothing_else(strict: Served) -> None:
    organiser = strict.operator()
    assert organiser.get("/occupancy").json()["code"] == "second_factor_missing"
    page = organiser.get(f"{strict.url}/events/tagung")
    assert (page.status_code, page.headers["location"].partition("?")[0]) == (303, "/second-factor")
    organiser.base_url = httpx.URL(f"{strict.url}/api/v1")
    enrol(organiser)
    assert organiser.get("/events").status_code == 200
    assert strict.operator("desk").get("/occupancy").status_code == 200


def test_log_in_asks_for_the_code_and_takes_it_once(strict: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    organiser = strict.operator()
    organiser.base_url = httpx.URL(f"{strict.url}/api/v1")
    secret, _ = enrol(organiser)
    asked = logged_in(strict, "organiser 0")
    assert (asked.status_code, asked.json()["code"]) == (401, "second_factor_needed")
    now = people.wall_ms() + 60_000
    monkeypatch.setattr(people, "wall_ms", lambda: now)
    totp = pyotp.TOTP(secret)
    assert logged_in(strict, "organiser 0", code=totp.at(now / 1000 - 90)).status_code == 401
    code = totp.at(now / 1000 - 30)
    assert logged_in(strict, "organiser 0", code=f"{code[:3]} {code[3:]}").status_code == 200
    again = logged_in(strict, "organiser 0", code=code)
    assert again.json()["code"] == "second_factor_wrong"
    assert logged_in(strict, "organiser 0", code=totp.at(now / 1000 + 30)).status_code == 200


def test_recovery_code_works_once(strict: Served) -> None:
    organiser = strict.operator()
    organiser.base_url = httpx.URL(f"{strict.url}/api/v1")
    _, codes = enrol(organiser)
    assert len(set(codes)) == 10
    assert logged_in(strict, "organiser 0", code=codes[3].lower()).status_code == 200
    assert logged_in(strict, "organiser 0", code=codes[3]).status_code == 401
    assert "recovery_used" in deeds(strict)


def test_wrong_codes_wait_like_wrong_passwords(strict: Served) -> None:
    organiser = strict.operator()
    organiser.base_url = httpx.URL(f"{strict.url}/api/v1")
    enrol(organiser)
    assert [logged_in(strict, "organiser 0", code="000000").status_code for _ in range(4)] == [401, 401, 401, 429]


def test_mistyped_code_holds_nobody_up(strict: Served) -> None:
    """Asking for the code is no failure, and what failed before at the password is none of the code."""
    organiser = strict.operator()
    organiser.base_url = httpx.URL(f"{strict.url}/api/v1")
    _, codes = enrol(organiser)
    assert [logged_in(strict, "organiser 0", OTHER).status_code for _ in range(2)] == [401, 401]
    for _ in range(5):
        assert logged_in(strict, "organiser 0").json()["code"] == "second_factor_needed"
    assert logged_in(strict, "organiser 0", code="000000").json()["code"] == "second_factor_wrong"
    assert logged_in(strict, "organiser 0", code=codes[0]).status_code == 200


def test_asking_for_the_code_anew_ends_no_waiting_for_it(strict: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    organiser = strict.operator()
    organiser.base_url = httpx.URL(f"{strict.url}/api/v1")
    _, codes = enrol(organiser)
    stands = people.steady_s()
    monkeypatch.setattr(people, "steady_s", lambda: stands)
    for _ in range(3):
        logged_in(strict, "organiser 0")
        assert logged_in(strict, "organiser 0", code="000000").status_code == 401
    assert logged_in(strict, "organiser 0", code=codes[0]).status_code == 429
    sent = {"password": PASSWORD, "new_password": OTHER, "code": codes[0]}
    assert organiser.put("/account/password", json=sent).status_code == 429, "nor does another way to try one"


def test_reset_second_factor_is_set_anew(strict: Served) -> None:
    first, second = strict.operator(), strict.operator()
    for client in (first, second):
        client.base_url = httpx.URL(f"{strict.url}/api/v1")
        enrol(client)
    assert first.delete(f"/operators/{account(strict, 'organiser 1')}/second-factor").status_code == 204
    assert second.get("/events").status_code == 401
    answer = logged_in(strict, "organiser 1")
    assert answer.json()["enrolling"] is True


def test_enrolling_needs_the_password_and_a_right_code(strict: Served) -> None:
    organiser = strict.operator()
    organiser.base_url = httpx.URL(f"{strict.url}/api/v1")
    secret = organiser.get("/second-factor").json()["secret"]
    code = pyotp.TOTP(secret).now()

    def tried(**changes: Any) -> str:
        sent = {"secret": secret, "code": code, "password": PASSWORD, **changes}
        found: str = organiser.post("/second-factor", json=sent).json()["code"]
        return found

    assert tried(password="falsch") == "password_wrong"
    assert tried(code="000000") == "code_wrong"
    assert tried(secret="A" * 8) == "second_factor_secret"
    enrol(organiser)
    assert tried() == "second_factor_needed"


def test_secret_is_nowhere_in_the_database(strict: Served) -> None:
    organiser = strict.operator()
    organiser.base_url = httpx.URL(f"{strict.url}/api/v1")
    secret, codes = enrol(organiser)
    found = strict.write(lambda tx: tx.rows("SELECT * FROM operator") + tx.rows("SELECT * FROM recovery_code"))
    kept = b"".join(cell if isinstance(cell, bytes) else str(cell).encode() for row in found for cell in row)
    assert secret.encode() not in kept
    assert all(factors.plain(code).encode() not in kept for code in codes)


def test_sealed_secret_opens_for_the_right_password_and_operator_alone() -> None:
    secret = factors.new_secret()
    sealed = factors.seal(secret, PASSWORD, "mira")
    assert factors.opened(sealed, PASSWORD, "mira") == secret
    assert factors.opened(sealed, OTHER, "mira") is None
    assert factors.opened(sealed, PASSWORD, "eve") is None


def test_codes_are_those_of_rfc_6238() -> None:
    """Appendix B, the last six digits; its secret is “12345678901234567890”."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    for seconds, code in ((59, "287082"), (1111111109, "081804"), (20000000000, "353130")):
        assert factors.step_of(secret, code, seconds * 1000) == seconds // 30
        assert factors.step_of(secret, code, (seconds + 90) * 1000) is None


# --- a new link for an account that is in use ---------------------------------------------------------------------


def test_new_link_takes_nothing_from_an_active_account_until_it_is_used_and_everybody_is_told(served: Served) -> None:
    one, other, third = served.operator(), served.operator(), served.operator()
    at_phone = browser(served)
    at_phone.post("/login", json={"name": "organiser 1", "password": PASSWORD})
    secret, recovery = enrol(at_phone)
    path = f"{served.url}/api/v1/operators/{account(served, 'organiser 1')}"
    link = one.post(f"{path}/invitation").json()["link"]
    assert other.get("/occupancy").status_code == 200
    code = pyotp.TOTP(secret).at(people.wall_ms() / 1000 + factors.STEP_S)
    assert logged_in(served, "organiser 1", code=code).status_code == 200
    me = f"{served.url}/api/v1/me"
    for client, is_own in ((other, True), (third, False)):
        (told,) = client.get(me).json()["new_links"]
        assert (told["name"], told["by"], told["own"], told["used"]) == ("organiser 1", "organiser 0", is_own, False)
    assert served.operator("desk").get(me).json()["new_links"] == []
    assert browser(served).post("/invitation", json={"code": link.partition("#")[2]}).json()["second_factor"] is True
    assert accept(served, link).json()["code"] == "recovery_code_needed"
    assert accept(served, link, recovery_code="AAAA-AAAA-AAAA-AAAA").json()["code"] == "recovery_code_wrong"
    assert other.get("/occupancy").status_code == 200
    assert accept(served, link, recovery_code=recovery[0]).status_code == 200
    assert other.get("/occupancy").status_code == 401
    assert logged_in(served, "organiser 1").status_code == 401
    assert logged_in(served, "organiser 1", OTHER).status_code == 200
    assert third.get(me).json()["new_links"][0]["used"] is True


def test_whoever_did_not_want_a_new_link_makes_it_void(served: Served) -> None:
    one, other = served.operator(), served.operator()
    path = f"{served.url}/api/v1/operators/{account(served, 'organiser 1')}"
    first = one.post(f"{path}/invitation").json()["link"]
    second = one.post(f"{path}/invitation").json()["link"]
    assert accept(served, first).json()["code"] == "invitation_unknown"
    assert other.delete(f"{served.url}/api/v1/me/invitation").status_code == 204
    assert accept(served, second).json()["code"] == "invitation_unknown"
    assert other.get(f"{served.url}/api/v1/me").json()["new_links"] == []
    assert deeds(served)[0] == "link_refused"
    assert other.delete(f"{served.url}/api/v1/me/invitation").status_code == 404


def test_second_factor_and_link_of_an_account_are_not_in_one_hand(served: Served) -> None:
    one, other, third = served.operator(), served.operator(), served.operator()
    own = browser(served)
    own.post("/login", json={"name": "organiser 2", "password": PASSWORD})
    enrol(own)
    path = f"{served.url}/api/v1/operators/{account(served, 'organiser 2')}"
    link = one.post(f"{path}/invitation").json()["link"]
    assert one.delete(f"{path}/second-factor").json()["code"] == "second_pair_of_eyes"
    assert third.delete(f"{served.url}/api/v1/me/invitation").status_code == 204
    assert one.delete(f"{path}/second-factor").status_code == 204
    assert one.post(f"{path}/invitation").json()["code"] == "second_pair_of_eyes"
    link = other.post(f"{path}/invitation").json()["link"]
    assert accept(served, link).status_code == 200
    assert deeds(served)[:4] == ["accepted", "reset", "factor_reset", "link_refused"]


def test_withdrawal_takes_no_second_factor_away(served: Served) -> None:
    one, _ = served.operator(), served.operator()
    own = browser(served)
    own.post("/login", json={"name": "organiser 1", "password": PASSWORD})
    _, recovery = enrol(own)
    path = f"{served.url}/api/v1/operators/{account(served, 'organiser 1')}"
    one.delete(path)
    link = one.post(f"{path}/invitation").json()["link"]
    assert accept(served, link).json()["code"] == "recovery_code_needed"
    assert accept(served, link, recovery_code=recovery[9]).status_code == 200
    assert own.post("/login", json={"name": "organiser 1", "password": OTHER}).status_code == 200
    assert own.get("/account").json()["recovery_codes"] == 0


# --- a link that somebody else may have used ----------------------------------------------------------------------


def waiting(served: Served, client: httpx.Client) -> list[str]:
    found = client.get(f"{served.url}/api/v1/me").json()["to_confirm"]
    return [one["name"] for one in found]


@pytest.mark.parametrize("role", ["organiser", "safety"])
def test_account_made_by_a_link_waits_until_whoever_made_it_says_who_used_it(served: Served, role: str) -> None:
    organiser = served.operator()
    url = f"{served.url}/api/v1/operators"
    made = organiser.post(url, json={"name": "Ayşe", "role": role}).json()
    assert waiting(served, organiser) == []
    client = browser(served)
    client.post("/invitation/accept", json={"code": made["link"].partition("#")[2], "password": OTHER})
    assert client.get("/events").json()["code"] == "account_unconfirmed"
    me = client.get("/me").json()
    assert (me["unconfirmed"], me["may"], me["pages"]) == (True, [], [])
    assert client.get("/account").json()["unconfirmed_by"] == "organiser 0"
    page = client.get(f"{served.url}/")
    assert (page.status_code, page.headers["location"].partition("?")[0]) == (303, "/account")
    assert client.post(f"/operators/{made['id']}/confirmation").status_code == 403
    enrol(client, OTHER)
    assert waiting(served, organiser) == ["Ayşe"]
    assert served.operator("desk").post(f"{url}/{made['id']}/confirmation").status_code == 403
    assert organiser.post(f"{url}/{made['id']}/confirmation").status_code == 204
    assert client.get("/events").status_code == 200
    assert waiting(served, organiser) == []
    assert organiser.post(f"{url}/{made['id']}/confirmation").json()["code"] == "nothing_unconfirmed"
    assert deeds(served)[0] == "confirmed"


def test_stranger_who_used_a_link_first_is_out_by_the_next_link(served: Served) -> None:
    organiser = served.operator()
    made = organiser.post(f"{served.url}/api/v1/operators", json={"name": "Ayşe", "role": "organiser"}).json()
    stranger = browser(served)
    stranger.post("/invitation/accept", json={"code": made["link"].partition("#")[2], "password": PASSWORD})
    enrol(stranger)
    link = organiser.post(f"{served.url}/api/v1/operators/{made['id']}/invitation").json()["link"]
    assert stranger.get("/me").status_code == 401
    assert logged_in(served, "Ayşe").status_code == 401
    assert accept(served, link).status_code == 200
    assert waiting(served, organiser) == ["Ayşe"]


def test_last_organiser_who_may_act_stays_while_another_waits(served: Served) -> None:
    organiser = served.operator()
    link = organiser.post(f"{served.url}/api/v1/operators", json={"name": "Ayşe", "role": "organiser"}).json()["link"]
    accept(served, link)
    with pytest.raises(Exception, match="last organiser"):
        served.write(lambda tx: operators.withdraw_account(tx, operators.named(tx, "organiser 0"), by="command"))


def test_accounts_of_other_roles_and_the_first_one_wait_for_nobody(served: Served) -> None:
    code = served.write(operators.open_setup)
    first = browser(served)
    assert first.post("/invitation/accept", json={"code": code, "password": OTHER, "name": "Mira"}).status_code == 200
    assert first.get("/events").status_code == 200
    link = first.post("/operators", json={"name": "Ayşe", "role": "desk"}).json()["link"]
    desk = browser(served)
    desk.post("/invitation/accept", json={"code": link.partition("#")[2], "password": OTHER})
    assert desk.get("/events").status_code == 200


@pytest.mark.parametrize("path", ["login", "pair", "invitation", "invitation/accept"])
def test_page_of_another_site_cannot_log_a_browser_in(served: Served, path: str) -> None:
    served.operator()
    sent = {"name": "organiser 0", "password": PASSWORD, "code": "x"}
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = browser(served).post(f"/{path}", json=sent, headers=headers)
        assert answer.status_code == 403, path
        assert not answer.cookies
    assert browser(served).post(f"/{path}", json=sent, headers={"Origin": served.url}).status_code != 403
