"""The own account from outside: password, second factor, recovery codes, log-ins."""

from __future__ import annotations

import httpx
import pyotp
import pytest

from checkin.service import factors, people
from tests.served import PASSWORD, Served
from tests.web.test_operators import OTHER, browser, deeds, enrol, logged_in


def of(served: Served, role: str = "steward") -> tuple[httpx.Client, str]:
    """A client on `/api/v1` that is logged in as a new operator, and the operator's name."""
    client = served.operator(role)
    name = f"{role} {len(served.clients) - 1}"
    client.base_url = httpx.URL(f"{served.url}/api/v1")
    return client, name


def code_of(secret: str, steps: int = 1) -> str:
    """The app's code, by default the next one: that of the enrolment was taken."""
    return pyotp.TOTP(secret).at(people.wall_ms() / 1000 + steps * factors.STEP_S)


@pytest.mark.parametrize("role", ["viewer", "organiser"])
def test_everybody_changes_their_own_password_which_ends_every_other_log_in(served: Served, role: str) -> None:
    client, name = of(served, role)
    elsewhere = browser(served)
    elsewhere.post("/login", json={"name": name, "password": PASSWORD})
    assert [one["own"] for one in client.get("/account").json()["logins"]].count(True) == 1
    assert len(elsewhere.get("/account").json()["logins"]) == 2
    sent = {"password": PASSWORD, "new_password": OTHER}
    assert client.put("/account/password", json={**sent, "password": OTHER}).json()["code"] == "password_wrong"
    assert client.put("/account/password", json={**sent, "new_password": "kurz"}).json()["code"] == "password_short"
    assert client.put("/account/password", json=sent).status_code == 204
    assert elsewhere.get("/me").status_code == 401
    assert [one["own"] for one in client.get("/account").json()["logins"]] == [True]
    assert logged_in(served, name).status_code == 401
    assert logged_in(served, name, OTHER).status_code == 200
    assert deeds(served)[:3] == ["login_failed", "password_changed", "login_failed"]


def test_new_password_opens_the_second_factor_that_the_earlier_one_sealed(served: Served) -> None:
    client, name = of(served)
    secret, recovery = enrol(client)
    sent = {"password": PASSWORD, "new_password": OTHER}
    assert client.put("/account/password", json=sent).json()["code"] == "second_factor_needed"
    assert client.put("/account/password", json={**sent, "code": "000000"}).json()["code"] == "second_factor_wrong"
    assert client.put("/account/password", json={**sent, "code": recovery[0]}).status_code == 204
    assert logged_in(served, name, OTHER, code=code_of(secret)).status_code == 200
    assert logged_in(served, name, OTHER, code=recovery[1]).status_code == 200
    assert logged_in(served, name, OTHER, code=recovery[0]).status_code == 401
    assert client.get("/account").json()["recovery_codes"] == 8


def test_wrong_earlier_passwords_wait_longer_each_time_and_the_log_in_with_them(served: Served) -> None:
    client, name = of(served)
    sent = {"password": "falsch", "new_password": OTHER}
    assert [client.put("/account/password", json=sent).status_code for _ in range(3)] == [422, 422, 422]
    waiting = client.put("/account/password", json={**sent, "password": PASSWORD})
    assert (waiting.status_code, waiting.json()["code"]) == (429, "too_many_attempts")
    assert logged_in(served, name).status_code == 429
    assert client.get("/me").status_code == 200


def test_another_second_factor_needs_a_code_of_the_earlier_one(served: Served) -> None:
    client, name = of(served)
    first, recovery = enrol(client)
    second: str = client.get("/second-factor").json()["secret"]
    sent = {"secret": second, "code": code_of(second, 0), "password": PASSWORD}
    assert client.post("/second-factor", json=sent).json()["code"] == "second_factor_needed"
    wrong = client.post("/second-factor", json={**sent, "earlier_code": code_of(second, 0)})
    assert wrong.json()["code"] == "second_factor_wrong"
    renewed = client.post("/second-factor", json={**sent, "earlier_code": code_of(first)})
    assert len(renewed.json()["recovery_codes"]) == 10
    assert logged_in(served, name, code=recovery[0]).status_code == 401
    assert logged_in(served, name, code=code_of(second)).status_code == 200


def test_recovery_codes_are_renewed_and_the_earlier_ones_are_void(served: Served) -> None:
    client, name = of(served)
    proof = {"password": PASSWORD, "code": ""}
    assert client.post("/account/recovery-codes", json=proof).json()["code"] == "second_factor_none"
    secret, earlier = enrol(client)
    assert client.post("/account/recovery-codes", json=proof).json()["code"] == "second_factor_needed"
    renewed = client.post("/account/recovery-codes", json={**proof, "code": code_of(secret)})
    codes = renewed.json()["recovery_codes"]
    assert not set(codes) & set(earlier)
    assert client.get("/account").json()["recovery_codes"] == 10
    assert logged_in(served, name, code=earlier[0]).status_code == 401
    assert logged_in(served, name, code=codes[0]).status_code == 200


def test_log_out_everywhere_ends_every_log_in(served: Served) -> None:
    client, name = of(served)
    elsewhere = browser(served)
    elsewhere.post("/login", json={"name": name, "password": PASSWORD})
    assert client.delete("/account/logins").status_code == 204
    assert client.get("/me").status_code == elsewhere.get("/me").status_code == 401
    assert deeds(served)[0] == "logged_out"
    assert logged_in(served, name).status_code == 200


def test_device_has_no_account(served: Served) -> None:
    device = served.client("desk")
    assert device.get(f"{served.url}/api/v1/account").json()["code"] == "account_operator"
    assert device.delete(f"{served.url}/api/v1/account/logins").status_code == 403
