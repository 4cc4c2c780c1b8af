"""What a door says, word for word, in both languages."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from checkin import words
from checkin.core import wording
from checkin.core.admission import Alternative, Decision, Given, Reason, Refusal, decide
from checkin.core.holds import Kept
from checkin.core.layout import Layout
from checkin.core.model import Door, Item
from checkin.core.wording import Saying, hint, way
from tests.core.given import bearer, facts, scan, there, venue
from tests.venue import at, layout


def refused(reason: Reason, **changes: Any) -> Decision:
    return Decision(outcome="refused", kind=None, refusal=Refusal(reason=reason, **changes))


def admitted(kind: Any, **changes: Any) -> Decision:
    return Decision(outcome="admitted", kind=kind, **changes)


def said(*sayings: Saying) -> tuple[str, str]:
    together = words.said_together(sayings)
    assert together is not None
    return together["de"], together["en"]


# --- the saying -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "de", "en"),
    [
        ("arrival", "Einlass gewährt – willkommen", "Entry granted – welcome"),
        ("entry", "Einlass gewährt – willkommen", "Entry granted – welcome"),
        ("reentry", "Wiedereintritt gewährt", "Re-entry granted"),
        ("exit", "Ausgang erfasst", "Exit recorded"),
        ("handout", "Ausgegeben", "Handed out"),
        ("return", "Zurückgenommen – danke", "Taken back – thank you"),
    ],
)
def test_admitted_is_said_by_its_kind(kind: str, de: str, en: str) -> None:
    assert said(hint(admitted(kind), layout())) == (de, en)


def test_switch_of_a_booking_is_said() -> None:
    switched = admitted("entry", books="s1", frees=("s2",))
    assert said(hint(switched, layout())) == ("Umgebucht – willkommen", "Switched – welcome")
    booked = admitted("entry", books="s1")
    assert said(hint(booked, layout())) == ("Platz gebucht – willkommen", "Seat booked – welcome")


@pytest.mark.parametrize(
    ("reason", "de", "en"),
    [
        ("evacuation", "Räumung – kein Einlass", "Evacuation – no entry"),
        ("code_unknown", "Code unbekannt", "Unknown code"),
        ("code_forged", "Code nicht echt – bitte zum Infoschalter", "Code not genuine – please see the help desk"),
        ("code_ambiguous", "Nicht eindeutig – bitte Person wählen", "Ambiguous – choose person"),
        ("badge_blocked", "Bitte zum Infoschalter", "Please see the help desk"),
        ("badge_replaced", "Badge ersetzt – altes ungültig", "Badge replaced – old one void"),
        ("registration_cancelled", "Ticket storniert", "Registration cancelled"),
        ("registration_waiting", "Warteliste", "Waiting list"),
        ("not_accredited", "Bitte zum Presseschalter – Akkreditierung", "Please see the press desk – accreditation"),
        ("proxy_came", "Vertretung gemeldet – Ausweis vorzeigen", "A proxy is registered – show ID"),
        ("door_closed", "Ticket momentan nicht gültig", "Ticket currently not valid"),
        ("group_not_permitted", "Ticket-Typ hier nicht gültig", "Ticket type not valid here"),
        ("already_inside", "Bereits eingecheckt", "Already checked in"),
        ("not_arrived", "Bitte zuerst am Eingang einchecken", "Please check in at the entrance first"),
        ("item_taken", "Schon ausgegeben", "Already handed out"),
        ("session_not_booked", "Forum nicht gebucht – Plätze frei: umbuchen?", "Not booked – seats free: switch?"),
        ("wheelchair_full", "Rollstuhlplätze belegt", "Wheelchair places taken"),
        ("area_full", "Raum voll – Einlassstopp", "Room full – entry stopped"),
        ("held_seats_only", "Nur noch reservierte Plätze", "Reserved seats only"),
        ("line_first", "Plätze gehen der Reihe nach", "Seats go in the order of the line"),
    ],
)
def test_refused_is_said_by_its_reason(reason: Reason, de: str, en: str) -> None:
    assert said(hint(refused(reason, area="P"), layout())) == (de, en)


@pytest.mark.parametrize(
    ("decision", "de", "en"),
    [
        (refused("area_full", area="house"), "Haus voll – bitte warten", "Venue full – please wait"),
        (refused("held_seats_only", area="house"), "Nur noch reservierte Plätze", "Reserved seats only"),
        (
            refused("already_inside", since_at=at("09:42"), since_door="D1"),
            "Bereits eingecheckt (09:42, Süd)",
            "Already checked in (09:42, Süd)",
        ),
        (
            refused("item_taken", since_at=at("14:05"), since_door="P-A"),
            "Schon ausgegeben (14:05, Halle A)",
            "Already handed out (14:05, Halle A)",
        ),
        (
            refused("already_inside", since_at=at("09:42"), since_door="gone"),
            "Bereits eingecheckt (09:42, gone)",
            "Already checked in (09:42, gone)",
        ),
        (
            refused("already_inside", since_at=at("09:42")),
            "Bereits eingecheckt (09:42, )",
            "Already checked in (09:42, )",
        ),
        (
            refused("badge_replaced", since_at=at("09:42")),
            "Badge ersetzt – altes ungültig",
            "Badge replaced – old one void",
        ),
    ],
)
def test_refused_is_said_with_what_is_known(decision: Decision, de: str, en: str) -> None:
    assert said(hint(decision, layout())) == (de, en)


def test_block_is_named_to_the_staff_alone() -> None:
    assert said(wording.for_staff("badge_blocked")) == ("Badge gesperrt", "Badge blocked")
    reasons: tuple[Reason, ...] = Reason.__args__  # type: ignore[attr-defined]
    at_doors = {one: said(hint(refused(one, area="P"), layout())) for one in reasons}
    assert {one for one in reasons if said(wording.for_staff(one)) != at_doors[one]} == {"badge_blocked"}


# --- the way on -----------------------------------------------------------------------------------------------


def with_hours(**hours: Any) -> Layout:
    return venue(doors=[Door(id="X", name="X", area="house", **hours)])


@pytest.mark.parametrize(
    ("decision", "de", "en"),
    [
        (
            refused("door_closed", doors=("D1", "D2")),
            "Bitte anderen Eingang benutzen: Süd, West",
            "Please use entrance Süd, West",
        ),
        (
            refused("group_not_permitted", doors=("D1",)),
            "Bitte anderen Eingang benutzen: Süd",
            "Please use entrance Süd",
        ),
        (
            refused("badge_replaced", since_at=at("09:10")),
            "Ersetzt um 09:10 am Infoschalter – bitte das neue Badge zeigen",
            "Replaced at 09:10 at the help desk – please show the new badge",
        ),
        (
            refused("proxy_came", since_at=at("09:10"), since_door="D1"),
            "Vertretung ist seit 09:10 da",
            "The proxy has been here since 09:10",
        ),
        (
            refused("area_full", area="G", number=3, ahead=2),
            "Ihre Nummer: 3 – davor warten 2. Eine Person raus, eine rein.",
            "Your number: 3 – 2 wait before you. One out, one in.",
        ),
        (
            refused("area_full", area="G", number=1),
            "Ihre Nummer: 1 – davor warten 0. Eine Person raus, eine rein.",
            "Your number: 1 – 0 wait before you. One out, one in.",
        ),
        (refused("line_first", area="G", ahead=2), "2 warten schon – Nummer ziehen?", "2 are waiting – take a number?"),
        (refused("area_full", area="P", overflow="T"), "Übertragung: Theater", "Live transmission: Theater"),
    ],
)
def test_way_on_is_said(decision: Decision, de: str, en: str) -> None:
    assert said(*way(decision, "D1", layout())) == (de, en)


@pytest.mark.parametrize(
    "decision",
    [
        refused("area_full", area="G"),
        refused("area_full", area="G", ahead=0),
        refused("code_unknown"),
        refused("badge_blocked"),
        refused("badge_replaced"),
        refused("proxy_came"),
        refused("group_not_permitted"),
        refused("already_inside", since_at=at("09:42"), since_door="D1"),
        refused("session_not_booked", area="G", session="s1"),
        admitted("entry"),
    ],
)
def test_way_on_is_not_said_where_there_is_none(decision: Decision) -> None:
    assert way(decision, "D1", layout()) == ()


@pytest.mark.parametrize(
    ("hours", "de", "en"),
    [
        ({"opens": dt.time(9, 5)}, "Öffnet um 09:05", "Opens at 09:05"),
        ({"opens": dt.time(9, 5), "closes": dt.time(18)}, "Öffnet um 09:05", "Opens at 09:05"),
        ({"closes": dt.time(18)}, "Geschlossen seit 18:00", "Closed since 18:00"),
        ({"direction": "exit"}, "Nur Ausgang", "Exit only"),
        ({"direction": "exit", "opens": dt.time(9)}, "Nur Ausgang", "Exit only"),
    ],
)
def test_closed_door_says_its_hours(hours: Any, de: str, en: str) -> None:
    assert said(*way(refused("door_closed"), "X", with_hours(**hours))) == (de, en)


@pytest.mark.parametrize(
    ("kept", "de", "en"),
    [
        ([Kept(claim="group:presse", seats=2)], "2 Plätze reserviert", "2 seats reserved"),
        (
            [Kept(claim="group:presse", seats=2, until_at=at("10:30"))],
            "2 Plätze reserviert bis 10:30",
            "2 seats reserved until 10:30",
        ),
        (
            [
                Kept(claim="group:presse", seats=2, until_at=at("10:30")),
                Kept(claim="wheelchair", seats=1),
                Kept(claim="session:s1", seats=3, until_at=at("10:05")),
            ],
            "6 Plätze reserviert, 3 davon bis 10:05",
            "6 seats reserved, 3 of them until 10:05",
        ),
        (
            [
                Kept(claim="group:presse", seats=2, until_at=at("10:05")),
                Kept(claim="session:s1", seats=3, until_at=at("10:05")),
            ],
            "5 Plätze reserviert bis 10:05",
            "5 seats reserved until 10:05",
        ),
    ],
)
def test_reserved_seats_are_said_until_the_first_become_free(kept: list[Kept], de: str, en: str) -> None:
    assert said(*way(refused("held_seats_only", area="G", kept=tuple(kept)), "G-1", layout())) == (de, en)


@pytest.mark.parametrize(
    ("overflow", "others", "de", "en"),
    [
        ("T", [], "Übertragung: Theater (1. Stock)", "Live transmission: Theater (1. Stock)"),
        (None, ["wing"], "Plätze frei: Flügel", "Places free: Flügel"),
        (None, ["wing", "T"], "Plätze frei: Flügel, Theater (1. Stock)", "Places free: Flügel, Theater (1. Stock)"),
        (
            "T",
            ["T", "wing", "G"],
            "Übertragung: Theater (1. Stock) · Plätze frei: Flügel, Galerie",
            "Live transmission: Theater (1. Stock) · Places free: Flügel, Galerie",
        ),
        ("T", ["T"], "Übertragung: Theater (1. Stock)", "Live transmission: Theater (1. Stock)"),
    ],
)
def test_full_room_says_where_else_with_the_way(overflow: str | None, others: list[str], de: str, en: str) -> None:
    here = venue(areas={"T": {"way": "1. Stock"}})
    alternatives = tuple(Alternative(session=f"s-{area}", area=area, free=1) for area in others)
    decision = refused("area_full", area="P", overflow=overflow, alternatives=alternatives)
    assert said(*way(decision, "P-A", here)) == (de, en)


def test_full_room_says_the_line_then_what_is_kept_then_where_else() -> None:
    decision = refused(
        "held_seats_only",
        area="P",
        number=3,
        ahead=2,
        kept=(Kept(claim="wheelchair", seats=1),),
        overflow="T",
        alternatives=(Alternative(session="s1", area="G", free=1),),
    )
    assert said(*way(decision, "P-A", layout())) == (
        "Ihre Nummer: 3 – davor warten 2. · 1 Platz reserviert · Übertragung: Theater · Plätze frei: Galerie",
        "Your number: 3 – 2 wait before you. · 1 seat reserved · Live transmission: Theater · Places free: Galerie",
    )


def test_exit_asks_for_what_is_lent_by_its_name() -> None:
    items = [Item(id="headset", name="Headset", kind="lent"), Item(id="vest", name="Weste", kind="lent")]
    here = venue(items=items)
    given = Given(at=at("09:30"), door="D1")
    who = bearer(presence=there("house"), items={"headset": given, "vest": given})
    decision = decide(scan("D1", "exit"), facts(here, bearer=who))
    assert said(*way(decision, "D1", here)) == ("Bitte zurückgeben: Headset, Weste", "Please give back: Headset, Weste")
    gone = admitted("exit", asks_back=("headset", "lost"))
    assert said(*way(gone, "D1", here)) == ("Bitte zurückgeben: Headset", "Please give back: Headset")


def test_times_are_said_in_the_zone_of_the_event() -> None:
    tokyo = venue(event={"timezone": "Asia/Tokyo"})
    assert said(*way(refused("badge_replaced", since_at=at("09:10")), "D1", tokyo)) == (
        "Ersetzt um 17:10 am Infoschalter – bitte das neue Badge zeigen",
        "Replaced at 17:10 at the help desk – please show the new badge",
    )


@pytest.mark.parametrize(
    ("ahead", "kept", "de"),
    [
        (0, False, "Ihre Nummer: 4 – davor warten 0. Eine Person raus, eine rein."),
        (1, False, "Ihre Nummer: 4 – davor wartet eine Person. Eine Person raus, eine rein."),
        (1, True, "Ihre Nummer: 4 – davor wartet eine Person. · 2 Plätze reserviert"),
    ],
)
def test_number_is_said_with_the_rule_that_calls_it(ahead: int, kept: bool, de: str) -> None:
    places = (Kept(claim="group:presse", seats=2),) if kept else ()
    reason: Reason = "held_seats_only" if kept else "area_full"
    saying = way(refused(reason, area="G", number=4, ahead=ahead, kept=places), "G-1", layout())
    assert said(*saying)[0] == de


@pytest.mark.parametrize(
    ("ahead", "de"),
    [(1, "Eine Person wartet schon – Nummer ziehen?"), (2, "2 warten schon – Nummer ziehen?")],
)
def test_line_is_said_before_a_number_is_taken(ahead: int, de: str) -> None:
    saying = way(refused("area_full", area="G", ahead=ahead), "G-1", layout())
    assert said(*saying)[0] == de


def test_replaced_badge_says_when_and_where() -> None:
    assert said(wording.replaced(at("09:50"), None, layout())) == (
        "Ersetzt um 09:50 am Infoschalter – bitte das neue Badge zeigen",
        "Replaced at 09:50 at the help desk – please show the new badge",
    )
    assert said(wording.replaced(at("09:50"), "Schalter 2", layout())) == (
        "Ersetzt um 09:50 (Schalter 2) – bitte das neue Badge zeigen",
        "Replaced at 09:50 (Schalter 2) – please show the new badge",
    )


def test_one_reserved_seat_is_said_as_one() -> None:
    until = (Kept(claim="group:presse", seats=1, until_at=at("10:35")),)
    assert said(*way(refused("held_seats_only", area="G", kept=until), "G-1", layout())) == (
        "1 Platz reserviert bis 10:35",
        "1 seat reserved until 10:35",
    )
