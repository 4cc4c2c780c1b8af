"""The web application: routes, who may, errors. It decides nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.types import ASGIApp

from checkin.service.centre import Centre
from checkin.service.reading import Reading
from checkin.web import (
    attendees,
    badges,
    camera,
    devices,
    evacuation,
    events,
    health,
    live,
    login,
    occupancy,
    prints,
    rooms,
    scans,
)
from checkin.web.auth import Authentication
from checkin.web.pages import page_routes
from checkin.web.problems import HANDLERS
from checkin.wire import BODY_BYTES_MAX


def create_app(centre: Centre, faces: Path, version: str, events_folder: Path) -> ASGIApp:
    """The ASGI application around a centre. `faces`: folder of the doors' and displays' pages;
    `events_folder`: of the events' own files. It starts and closes the centre with its own lifespan."""

    reading = Reading()

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        await centre.start()
        try:
            yield
        finally:
            reading.close()
            await centre.close()

    of_event = Router(
        path="/api/v1/events/{event:str}",
        route_handlers=[
            scans.send_scan,
            scans.send_scans,
            scans.undo_scan,
            occupancy.read_occupancy,
            occupancy.send_correction,
            occupancy.undo_correction,
            evacuation.send_evacuation,
            evacuation.read_evacuation,
            rooms.read_rooms,
            rooms.approve_plan,
            rooms.switch_plan,
            rooms.add_hold,
            rooms.change_hold,
            rooms.join_line,
            rooms.leave_line,
            rooms.close_day,
            occupancy.read_facts,
            occupancy.read_overview,
            events.read_layout,
            events.read_sessions,
            events.change_session,
            events.book_session,
            events.unbook_session,
            attendees.find_attendees,
            attendees.find_by_code,
            attendees.read_attendee,
            attendees.add_attendee,
            attendees.change_attendee,
            attendees.send_proxy,
            attendees.block_attendee,
            attendees.read_blocks,
            attendees.read_crew,
            prints.list_prints,
            prints.add_print,
            prints.take_print,
            prints.change_print,
            prints.pick_up,
            badges.issue_badge,
            badges.draw_badge,
            badges.read_templates,
            badges.read_template,
            badges.read_hardest,
            badges.draw_preview,
            badges.read_preflight,
            devices.list_devices,
            devices.add_device,
            devices.start_pairing,
            devices.revoke_device,
            live.follow_live,
            camera.read_camera,
        ],
    )
    app = Litestar(
        route_handlers=[
            of_event,
            events.list_events,
            login.log_in,
            login.log_out,
            login.pair,
            login.who_am_i,
            health.health,
            health.read_metrics,
            badges.serve_font,
            page_routes(faces),
        ],
        dependencies={
            "centre": Provide(lambda: centre, sync_to_thread=False),
            "reading": Provide(lambda: reading, sync_to_thread=False),
            "events_folder": Provide(lambda: events_folder, sync_to_thread=False),
        },
        middleware=[Authentication(centre)],
        exception_handlers=HANDLERS,
        lifespan=[lifespan],
        request_max_body_size=BODY_BYTES_MAX,
        # As JSON alone: the pages that come with Litestar fetch their scripts from other hosts.
        openapi_config=OpenAPIConfig(
            title="Check-in on the day of an event", version=version, render_plugins=[JsonRenderPlugin()]
        ),
        logging_config=None,
        state=State({"centre": centre}),
        debug=False,
    )
    return live.KeepRawSend(app)
