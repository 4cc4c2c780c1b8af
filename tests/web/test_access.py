"""Who may do what, from outside."""

from __future__ import annotations

import re
import uuid
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar

from checkin.core.layout import Layout
from checkin.core.roles import DEVICE_MAY, OPERATOR_MAY, PAGES, Permission
from checkin.service import people
from checkin.service.people import add_operator, start_pairing
from checkin.service.venues import import_layout
from checkin.store.engine import Transaction
from checkin.store.people import load_devices
from checkin.web.app import create_app
from checkin.web.auth import Guard
from tests.served import PASSWORD, Served
from tests.venue import SLUG, at

OPEN = {
    "/health",
    "/login",
    "/pair",
    "/api/v1/login",
    "/api/v1/pair",
    "/api/v1/invitation",
    "/api/v1/invitation/accept",
    "/verify",
    "/api/v1/certificates/check",
    "/api/v1/stations/pair",
}


def paths(served: Served) -> list[tuple[str, str]]:
    """Every route of the service, its parameters filled in."""
    with httpx.Client(trust_env=False) as client:
        organiser = served.operator()
        schema = organiser.get(f"{served.url}/schema/openapi.json").json()
        assert client.get(f"{served.url}/schema/openapi.json").status_code == 401
    found = []
    for path, methods in schema["paths"].items():
        filled = path.replace("{event}", SLUG)
        filled = re.sub(r"\{\w+\}", "1", filled)
        found += [(method.upper(), filled) for method in methods]
    return found


def test_nothing_but_health_and_login_answers_without_a_token(served: Served) -> None:
    every = paths(served)
    assert len(every) > 20
    with httpx.Client(base_url=served.url, trust_env=False) as client:
        for method, path in every:
            answer = client.request(method, path, json={})
            if path in OPEN:
                assert answer.status_code != 401, path
            else:
                assert answer.status_code == 401, (method, path, answer.status_code)
                assert answer.json()["status"] == 401
        for page in ("/", f"/events/{SLUG}", f"/events/{SLUG}/board", f"/events/{SLUG}/door/D1"):
            answer = client.get(page)
            assert answer.status_code == 303, page
            assert answer.headers["location"].startswith("/login?next=")


def test_token_of_a_door_scans_only_at_its_door(served: Served) -> None:
    client = served.client("door", "D1")
    sent = {"id": str(uuid.uuid4()), "code": served.codes["a1"], "door": "D2"}
    answer = client.post("/scans", json=sent)
    assert (answer.status_code, answer.json()["code"]) == (403, "other_door")
    assert client.post("/scan-batches", json={"scans": [sent]}).status_code == 403


def test_token_of_a_display_only_reads(served: Served) -> None:
    client = served.client("display")
    assert client.get("/occupancy").status_code == 200
    assert client.get("/sessions").status_code == 200
    for call in (
        client.post("/scans", json={"id": str(uuid.uuid4()), "code": "x", "door": "D1"}),
        client.post("/corrections", json={"id": str(uuid.uuid4()), "area": "T", "change": 1}),
        client.get("/attendees"),
        client.get("/overview"),
        client.get("/devices"),
    ):
        assert call.status_code == 403, call.url


def test_token_of_another_event_is_not_allowed(served: Served) -> None:
    assert served.client("display").get(f"{served.url}/api/v1/events/other/occupancy").status_code == 403


@pytest.mark.parametrize(
    ("role", "may_manage", "may_people"),
    [("organiser", True, True), ("steward", False, True), ("viewer", False, False)],
)
def test_roles_may_what_their_table_says(served: Served, role: str, may_manage: bool, may_people: bool) -> None:
    client = served.operator(role)
    assert (client.get("/devices").status_code == 200) is may_manage
    assert (client.get("/attendees").status_code == 200) is may_people


def test_revoked_device_is_out_at_once(served: Served) -> None:
    client = served.client("display")
    organiser = served.operator()
    assert client.get("/occupancy").status_code == 200
    device = organiser.get("/devices").json()["devices"][0]["id"]
    assert organiser.delete(f"/devices/{device}").status_code == 204
    assert client.get("/occupancy").status_code == 401


def test_pairing_link_works_once(served: Served) -> None:
    served.device("door", "D1")
    organiser = served.operator()
    device = organiser.get("/devices").json()["devices"][0]["id"]
    pairing = organiser.post(f"/devices/{device}/pairing").json()
    assert "<svg" in pairing["qr"]
    code = pairing["link"].partition("#")[2]
    assert pairing["link"].startswith(f"{served.url}/pair#")
    with httpx.Client(base_url=served.url, trust_env=False) as browser:
        paired = browser.post("/api/v1/pair", json={"code": code})
        assert paired.json()["open"] == f"/events/{SLUG}/door/D1"
        assert browser.get("/api/v1/me").json()["device"]["door"] == "D1"
        assert browser.post("/api/v1/pair", json={"code": code}).status_code == 404
    assert code not in served.write(lambda tx: str(tx.rows("SELECT * FROM token")))


def test_wrong_passwords_wait_longer_each_time(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    served.write(lambda tx: add_operator(tx, "mira", "steward", PASSWORD, now=0))
    with httpx.Client(base_url=served.url, trust_env=False) as client:

        def attempt(password: str) -> httpx.Response:
            return client.post("/api/v1/login", json={"name": "mira", "password": password})

        assert [attempt("falsch").status_code for _ in range(3)] == [401, 401, 401]
        waiting = attempt(PASSWORD)
        assert waiting.status_code == 429
        first = int(waiting.headers["Retry-After"])
        now = people.steady_s()
        monkeypatch.setattr(people, "steady_s", lambda: now + 30)
        assert attempt("falsch").status_code == 401
        second = int(attempt(PASSWORD).headers["Retry-After"])
        assert second > first
        monkeypatch.setattr(people, "steady_s", lambda: now + 90)
        assert attempt(PASSWORD).status_code == 200


def test_page_of_another_site_may_not_use_the_cookie(served: Served) -> None:
    client = served.operator()
    correction: dict[str, Any] = {"id": str(uuid.uuid4()), "area": "T", "change": 1}
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        answer = client.post("/corrections", json=correction, headers=headers)
        assert answer.status_code == 403, headers
    assert client.post("/corrections", json=correction, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 201


def test_logout_ends_the_session(served: Served) -> None:
    client = served.operator()
    assert client.post(f"{served.url}/api/v1/logout").status_code == 204
    assert client.get("/occupancy").status_code == 401


def test_expired_pairing_is_not_found(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    served.device("display")

    def begin(tx: Any) -> str:
        device = load_devices(tx, served.centre.venues.id(tx, SLUG))[0].id
        return start_pairing(tx, served.centre.venues, SLUG, device)[0]

    code = served.write(begin)
    later = people.wall_ms() + people.PAIRING_MINUTES * 60_000
    monkeypatch.setattr(people, "wall_ms", lambda: later)
    answer = httpx.post(f"{served.url}/api/v1/pair", json={"code": code}, trust_env=False)
    assert (answer.status_code, answer.json()["code"]) == (404, "pairing_unknown")


def test_pages_have_a_strict_policy(served: Served) -> None:
    answer = httpx.get(f"{served.url}/login", trust_env=False)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'none'" in policy, "what is typed gets into no address"
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


# --- whose names, and how much of a person ------------------------------------------------------------------------


DESK_ALONE = {"email", "ticket", "remark", "wheelchair", "badge", "booking_number", "photo"}


def hide(served: Served, group: str) -> None:
    """The layout of the event with this group hidden."""

    def work(tx: Transaction) -> None:
        shown = served.centre.venues.venue(tx, SLUG).layout
        groups = [msgspec.structs.replace(one, hidden=one.id == group) for one in shown.groups.values()]
        hidden = Layout(shown.event, groups, shown.areas.values(), shown.doors.values())
        import_layout(tx, hidden, now=at("08:00"), by="test")

    served.write(work)


def test_steward_reads_who_somebody_is_and_nothing_that_opens_a_door(served: Served) -> None:
    steward, desk = served.operator("steward"), served.operator("desk")
    code = served.codes["a1"]
    for client, is_desk in ((steward, False), (desk, True)):
        answers = [
            client.get("/attendees/a1"),
            client.get("/attendees", params={"q": "Ada a1"}),
            client.post("/attendees/by-code", json={"code": code}),
        ]
        for answer in answers:
            assert answer.status_code == 200
            assert code not in answer.text
            shown = answer.json() if "id" in answer.json() else answer.json()["attendees"][0]
            assert {"id", "name", "organisation", "town", "group", "area"} <= set(shown)
            assert (set(shown) >= DESK_ALONE) is is_desk
            assert is_desk or not DESK_ALONE & set(shown)


def test_nobody_without_the_protocol_sees_who_a_hidden_group_is(served: Served) -> None:
    door = served.client("door", "D1")
    sent = {"id": str(uuid.uuid4()), "code": served.codes["a1"], "door": "D1"}
    assert door.post("/scans", json=sent).json()["attendee"]["id"] == "a1"
    organiser, steward = served.operator(), served.operator("steward")
    group = organiser.get("/attendees/a1").json()["group"]
    name = organiser.get("/attendees/a1").json()["name"]
    hide(served, group)
    assert name in organiser.get("/overview").text
    assert organiser.get("/attendees/a1").json()["name"] == name
    assert steward.get("/attendees/a1").json()["code"] == "attendee_unknown"
    assert steward.post("/attendees/by-code", json={"code": served.codes["a1"]}).json()["attendees"] == []
    overview = steward.get("/overview")
    assert name not in overview.text
    assert overview.json()["last_scans"][0]["hidden"] is True


# --- pages that one may not use -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "open_to", "closed_to"),
    [
        ("viewer", ("", "board", "room/P"), ("desk", "printer", "simulation", "door/D1", "exports", "safety", "rooms")),
        ("steward", ("", "door/D1", "rooms"), ("desk", "printer", "simulation", "exports", "setup")),
        ("desk", ("", "desk", "printer", "paper-list"), ("papers", "exports", "audit")),
    ],
)
def test_page_without_its_right_says_so_with_the_way_back(
    served: Served, role: str, open_to: tuple[str, ...], closed_to: tuple[str, ...]
) -> None:
    client = served.operator(role)
    for face in open_to:
        assert client.get(f"{served.url}/events/{SLUG}/{face}".rstrip("/")).status_code == 200, face
    for face in closed_to:
        answer = client.get(f"{served.url}/events/{SLUG}/{face}")
        assert answer.status_code == 403, face
        assert "not-allowed.js" in answer.text


def test_who_may_take_lists_out_is_a_right_of_its_own(served: Served) -> None:
    organiser = served.operator()
    table = organiser.get(f"{served.url}/api/v1/roles").json()
    for role, may in table["operators"].items():
        answer = served.operator(role).get("/exports")
        assert (answer.status_code == 200) is ("export" in may), role
    csv = organiser.get("/exports/attendance.csv")
    assert csv.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert organiser.get("/schedule.ics").headers["Content-Type"] == "text/calendar; charset=utf-8"


# --- what a page shows and what its calls give --------------------------------------------------------------------

FACES, PAGE_FILES = Path(str(files("kiosk") / "faces")), Path(str(files("checkin.web") / "pages"))

FOR_PROGRAMS_TOO = {
    "/attendees": "who sees names finds them, also without a desk",
    "/attendees/{attendee}": "the same",
    "/attendees/by-code": "the same",
    "/certificates": "at a desk one by one; for all of them the handler asks what the page needs",
    "/works": "their handlers ask what the work itself needs",
    "/works/{work_id}": "the same",
    "/schedule.json": "everybody who is logged in reads the programme",
    "/areas/{area}/line/{number}": "who scans gives up a number that was called",
    "/scans/{scan}/undo": "who scans takes it back at the door, whose page writes the address in two parts",
}
"""Calls that somebody may make who may open none of the pages that make it, and why."""

ASKED_OTHERWISE = {
    ("door", "POST", "/evacuation"): "only a station that is cut off shows it, and decides itself",
}
"""Deeds that a page offers without asking for the right, and why."""


def guarded_calls(served: Served, folder: Path) -> dict[tuple[str, str], Permission]:
    """(method, path of an event) → what it needs, as the guards say it."""
    app: Any = create_app(served.centre, FACES, "test", folder)
    while not isinstance(app, Litestar):
        app = app.app
    found: dict[tuple[str, str], Permission] = {}
    for route in app.routes:
        path = re.sub(r"\{(\w+):\w+\}", r"{\1}", route.path)
        for handler in getattr(route, "route_handlers", []):
            guards = [guard for guard in handler.resolve_guards() if isinstance(guard, Guard)]
            if guards and path.startswith("/api/v1/events/{event}/"):
                for method in handler.http_methods:
                    found[method, path.removeprefix("/api/v1/events/{event}")] = guards[0].permission
    return found


def scripts_of(page: Path) -> set[Path]:
    """The modules of a page, with those that they import."""
    due = re.findall(r'<script type="module" src="/(\w+)/([\w.-]+)"', page.read_text("utf-8"))
    found: set[Path] = set()
    while due:
        folder, name = due.pop()
        file = (FACES if folder == "faces" else PAGE_FILES) / name
        if file in found or not file.exists():  # catalogue.js is made
            continue
        found.add(file)
        due += re.findall(r'from "/(\w+)/([\w.-]+)"', file.read_text("utf-8"))
        due += [("faces", name) for name in re.findall(r'from "\./([\w.-]+)"', file.read_text("utf-8"))]
    return found


def calls_of(file: Path) -> set[tuple[str, str]]:
    """(method, path) of the calls that a script writes in one piece; `{}` for what is filled in."""
    text = re.sub(r"/\*[\s\S]*?\*/|^\s*//.*$", "", file.read_text("utf-8"), flags=re.M)
    found = set()
    for match in re.finditer(r"(saveMade\()?`\$\{api\}(/[^`]*)`([^\n]{0,90})", text):
        path = re.sub(r"\$\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}", "{}", match[2]).partition("?")[0]
        method = re.match(r', \{ method: "(\w+)"', match[3])
        found.add((method[1] if method else "POST" if match[1] else "GET", path))
    return found


def test_page_and_its_calls_need_the_same(served: Served, tmp_path: Path) -> None:
    """Whoever may make a call of a page may open one of the pages that make it; and where somebody may open a page and
    not make one of its calls, the page asks for the right before it does."""
    guarded = guarded_calls(served, tmp_path)
    users: dict[tuple[str, str], set[str]] = {}
    unasked = []
    everybody: list[frozenset[Permission]] = [*OPERATOR_MAY.values(), *DEVICE_MAY.values()]
    for name, needs in PAGES.items():
        (html,) = [one for one in (PAGE_FILES / f"{name or 'live'}.html", FACES / f"{name}.html") if one.exists()]
        scripts = scripts_of(html)
        text = "".join(file.read_text("utf-8") for file in scripts)
        for file in scripts:
            for method, path in calls_of(file):
                fitting = [
                    one
                    for one in guarded
                    if one[0] == method
                    and re.fullmatch(re.sub(r"\\\{\w+\\\}", r"[^/]+", re.escape(one[1])), path.replace("{}", "X"))
                ]
                if not fitting:
                    continue  # an address that is written in parts
                call = min(fitting, key=lambda one: one[1].count("{"))
                users.setdefault(call, set()).add(name)
                lacking = any(needs in may and guarded[call] not in may for may in everybody)
                asks = re.search(rf'(?:allowed|includes|has)\("{guarded[call]}"\)', text)
                if lacking and not asks and (name, *call) not in ASKED_OTHERWISE:
                    unasked.append((name, file.name, *call, guarded[call]))
    assert len(users) > 60, "the calls are not found any more"
    beyond = {
        path
        for (method, path), pages in users.items()
        for may in everybody
        if guarded[method, path] in may and not any(PAGES[page] in may for page in pages)
    }
    assert beyond - set(FOR_PROGRAMS_TOO) == set()
    assert not unasked, unasked


def test_desk_issues_certificates_one_by_one_and_lists_none(served: Served) -> None:
    desk, viewer = served.operator("desk"), served.operator("viewer")
    assert desk.get("/certificates").status_code == 403
    assert desk.get("/certificates", params={"attendee": "a1"}).status_code == 200
    assert desk.post("/certificates", json={}).status_code == 403
    assert desk.get("/fallback").status_code == desk.get("/fallback.pdf").status_code == 403
    assert viewer.get("/rooms").status_code == viewer.get("/schedule-feed").status_code == 403


def test_head_of_a_page_is_told_which_pages_one_may_open(served: Served) -> None:
    for role, may in OPERATOR_MAY.items():
        client = served.operator(role)
        told = client.get(f"{served.url}/api/v1/me").json()["pages"]
        assert told == [name for name, needs in PAGES.items() if needs in may]


def test_address_where_nothing_is_shows_people_a_page_and_programs_a_problem(served: Served) -> None:
    organiser = served.operator()
    of_event = f"{served.url}/events/{SLUG}"
    for address in (
        f"{of_event}/nothing",
        f"{of_event}/room/XX",
        f"{served.url}/nothing",
        f"{served.url}/events/nothing",
    ):
        page = organiser.get(address, headers={"Accept": "text/html,*/*"})
        assert page.status_code == 404
        assert "not-found.js" in page.text
        assert "Content-Security-Policy" in page.headers
        answer = organiser.get(address, headers={"Accept": "application/json"})
        assert answer.status_code == 404
        assert answer.json()["code"] == "http_404"
