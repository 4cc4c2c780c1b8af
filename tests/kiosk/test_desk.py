"""Who may use a desk whose station is cut off."""

from __future__ import annotations

from kiosk.desk import LOGIN_MS, LOGINS_MAX, Logins


def test_login_is_known_again_until_it_ends_and_after_a_new_start() -> None:
    logins = Logins()
    logins.keep("secret", ["people", "desk"], now=1_000)
    assert logins.may("secret", 1_000 + LOGIN_MS - 1) == {"people", "desk"}
    assert logins.may("secret", 1_000 + LOGIN_MS) == frozenset()
    assert logins.may("another", 1_000) == frozenset()
    assert logins.may("", 1_000) == frozenset()
    kept = logins.kept()
    assert b"secret" not in kept
    again = Logins()
    again.restore(kept)
    assert again.may("secret", 2_000) == {"people", "desk"}
    again.forget("secret")
    assert again.may("secret", 2_000) == frozenset()


def test_the_oldest_login_is_forgotten_beyond_the_limit() -> None:
    logins = Logins()
    for n in range(LOGINS_MAX + 1):
        logins.keep(f"t{n}", ["people"], now=0)
    assert logins.may("t0", 1) == frozenset()
    assert logins.may(f"t{LOGINS_MAX}", 1) == {"people"}
