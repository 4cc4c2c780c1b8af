"""What can be done about an answer at a door, each by one tap."""

from __future__ import annotations

import msgspec
from playwright.sync_api import expect

from checkin.core.layout import Layout
from checkin.core.model import Door, Item, Session
from checkin.service.schedule import import_schedule
from checkin.service.venues import import_layout
from checkin.store import attendees
from checkin.store.engine import Transaction
from tests.browser.conftest import Opened
from tests.browser.test_door import ready, scan
from tests.served import Served
from tests.venue import SLUG, at, layout


def forums(served: Served) -> None:
    sessions = [
        Session(id=id, area=area, title=title, starts_at=at("10:05"), ends_at=at("10:30"), bookable=True)
        for id, area, title in (("1", "T", "Wohnen"), ("2", "G", "Ehrenamt"))
    ]
    served.write(lambda tx: import_schedule(tx, served.centre.venues, SLUG, sessions, now=at("08:00"), by="test"))


def test_unbooked_person_is_switched_by_one_tap_situation_36(opened: Opened, served: Served) -> None:
    forums(served)
    desk = served.client("desk")
    desk.post("/sessions/2/bookings", json={"attendee": "a1"}).raise_for_status()
    page = ready(opened(f"/events/{SLUG}/door/T-1"))
    scan(page, served.codes["a1"])
    expect(page.locator("#head")).to_have_text("Umbuchen?")
    expect(page.locator("#hint")).to_have_text("Forum nicht gebucht – Plätze frei: umbuchen?")
    page.click("#switch")
    expect(page.locator("#head")).to_have_text("Willkommen")
    expect(page.locator("#hint")).to_have_text("Umgebucht – willkommen")
    assert desk.get("/attendees/a1").json()["bookings"] == ["1"]


def test_person_at_a_full_room_takes_a_number_and_is_called_situation_37(opened: Opened, served: Served) -> None:
    page = ready(opened(f"/events/{SLUG}/door/G-1"))
    for who in ("a1", "a2"):
        scan(page, served.codes[who])
        expect(page.locator("#name")).to_have_text(f"Ada Nr {who}")
    scan(page, served.codes["a3"])
    expect(page.locator("#head")).to_have_text("Voll")
    page.click("#wait")
    expect(page.locator("#head")).to_have_text("Nr. 1")
    expect(page.locator("#way")).to_contain_text("davor warten 0. Eine Person raus, eine rein.")
    expect(page.locator("#wait")).to_be_hidden()
    page.click("#exit")
    scan(page, served.codes["a1"])
    expect(page.locator("#freeword")).to_contain_text("Nr. 1 bitte")
    page.click("#entry")
    scan(page, served.codes["a4"])
    expect(page.locator("#head")).to_have_text("Warten")
    scan(page, served.codes["a3"])
    expect(page.locator("#head")).to_have_text("Willkommen")


def test_code_of_a_group_asks_who_it_is_situation_16(opened: Opened, served: Served) -> None:
    def book(tx: Transaction) -> None:
        event = served.centre.venues.id(tx, SLUG)
        group = [attendees.load_attendee(tx, event, who) for who in ("a1", "a2")]
        booked = [(msgspec.structs.replace(one, booking_number="G-77"), one.name) for one in group if one]
        attendees.change_attendees(tx, event, booked)

    served.write(book)
    page = ready(opened(f"/events/{SLUG}/door/D1"))
    scan(page, "g-7777")
    expect(page.locator("#head")).to_have_text("Unbekannt")
    page.click("#type")
    page.fill("#code", "G-77")
    page.press("#code", "Enter")
    expect(page.locator("#people")).to_be_visible()
    expect(page.locator("#inside")).to_have_text("0")
    page.get_by_role("button", name="Ada Nr a2").click()
    expect(page.locator("#name")).to_have_text("Ada Nr a2")
    expect(page.locator("#inside")).to_have_text("1")


def test_crew_without_a_badge_is_let_in_by_the_list_situation_19(opened: Opened, served: Served) -> None:
    page = ready(opened(f"/events/{SLUG}/door/D1"))
    page.click("#crew")
    page.get_by_role("button", name="Ada Nr c1").click()
    expect(page.locator("#head")).to_have_text("Willkommen")
    expect(page.locator("#inside")).to_have_text("0")
    house = served.client("display").get("/occupancy").json()["areas"][0]
    assert (house["inside"], house["known"]) == (0, 1), "crew counts as a person, not as a visitor"


def test_counter_hands_out_once_and_the_exit_asks_lent_things_back_situation_49(opened: Opened, served: Served) -> None:
    old = layout()
    counters = [
        Door(id="lunch", name="Mittagessen", area="house", item="lunch"),
        Door(id="headset", name="Kopfhörer", area="house", item="headset"),
    ]
    items = [Item(id="lunch", name="Mittagessen"), Item(id="headset", name="Kopfhörer", kind="lent")]
    new = Layout(old.event, old.groups.values(), old.areas.values(), [*old.doors.values(), *counters], (), (), items)
    served.write(lambda tx: import_layout(tx, new, now=at("08:00"), by="test"))
    lunch = ready(opened(f"/events/{SLUG}/door/lunch"))
    expect(lunch.locator("#head")).to_have_text("Mittagessen: Badge vor den Scanner halten")
    scan(lunch, served.codes["a1"])
    expect(lunch.locator("#head")).to_have_text("Ausgegeben")
    lunch.wait_for_timeout(2_100)
    scan(lunch, served.codes["a1"])
    expect(lunch.locator("#hint")).to_have_text("Schon ausgegeben (10:00, Mittagessen)")
    headset = ready(opened(f"/events/{SLUG}/door/headset"))
    scan(headset, served.codes["a1"])
    expect(headset.locator("#head")).to_have_text("Ausgegeben")
    door = ready(opened(f"/events/{SLUG}/door/D1"))
    door.click("#exit")
    scan(door, served.codes["a1"])
    expect(door.locator("#way")).to_have_text("Bitte zurückgeben: Kopfhörer")
    headset.get_by_role("button", name="Zurücknehmen").click()
    scan(headset, served.codes["a1"])
    expect(headset.locator("#head")).to_have_text("Danke")
