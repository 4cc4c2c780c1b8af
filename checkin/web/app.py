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

from checkin.core.errors import CheckinError
from checkin.reading import Reading
from checkin.service.centre import Centre
from checkin.service.certificates import Checks
from checkin.service.importing import Importing
from checkin.service.paper_lists import FallbackLists
from checkin.service.works import Works
from checkin.web import (
    account,
    alerts,
    attendees,
    audit,
    badges,
    camera,
    clicks,
    devices,
    erasure,
    evacuation,
    events,
    exports,
    feeds,
    health,
    imports,
    live,
    login,
    occupancy,
    operators,
    papers,
    prints,
    rooms,
    scans,
    screens,
    setup,
    simulation,
    stations,
    webhooks,
    works,
)
from checkin.web.auth import Authentication
from checkin.web.overload import RefuseEarly
from checkin.web.pages import not_found, not_now, page_routes
from checkin.web.problems import HANDLERS
from checkin.web.texts import LegibleAddress, LegibleRequest
from checkin.wire import BODY_BYTES_MAX


def create_app(centre: Centre, faces: Path, version: str, events_folder: Path) -> ASGIApp:
    """The ASGI application around a centre. `faces`: folder of the doors' and displays' pages;
    `events_folder`: of the events' own files. It starts and closes the centre with its own lifespan."""

    reading = Reading()
    fallback_lists = FallbackLists(centre, events_folder)
    checks = Checks()
    importing = Importing(centre)
    long_works = Works()

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        try:
            await centre.start()
            fallback_lists.start()
            await importing.start()
            long_works.start()
            yield
        finally:
            reading.close()
            fallback_lists.close()
            await long_works.close()
            await importing.close()
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
            alerts.change_alert,
            alerts.open_lanes,
            simulation.play_day,
            events.read_layout,
            events.add_session,
            events.remove_session,
            events.read_schedule_file,
            setup.read_setup,
            setup.preview_setup,
            setup.save_setup,
            setup.undo_setup,
            setup.read_layout_sent,
            setup.read_layout_file,
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
            attendees.undo_walk_in,
            attendees.undo_proxy,
            attendees.block_attendee,
            attendees.read_blocks,
            attendees.read_crew,
            imports.list_imports,
            imports.add_import,
            imports.fetch_import,
            imports.read_import,
            imports.read_differences,
            imports.change_import,
            imports.apply_import,
            imports.undo_import,
            imports.discard_import,
            prints.list_prints,
            prints.add_print,
            prints.take_print,
            prints.change_print,
            prints.say_reachable,
            prints.pick_up,
            badges.issue_badge,
            badges.undo_reissue,
            badges.check_text,
            badges.draw_badge,
            badges.read_templates,
            badges.read_template,
            badges.draw_document,
            badges.read_hardest,
            badges.draw_preview,
            badges.read_preflight,
            devices.list_devices,
            devices.add_device,
            devices.start_pairing,
            devices.revoke_device,
            exports.list_exports,
            exports.preview_export,
            exports.export_list,
            works.list_works,
            works.follow_work,
            works.stop_work,
            feeds.read_schedule_as,
            feeds.read_feed,
            feeds.change_feed,
            webhooks.list_webhooks,
            webhooks.add_webhook,
            webhooks.change_webhook,
            webhooks.remove_webhook,
            webhooks.list_deliveries,
            webhooks.send_test,
            webhooks.send_again,
            papers.read_rule,
            papers.preview_rule,
            papers.set_rule,
            papers.set_address,
            papers.list_certificates,
            papers.issue_certificates,
            papers.withdraw_certificate,
            papers.restore_certificate,
            papers.read_paper_template,
            papers.read_fallback,
            papers.set_fallback,
            papers.draw_fallback,
            papers.enter_line,
            papers.list_lines,
            papers.undo_line,
            papers.give_access,
            audit.read_audit,
            audit.export_audit,
            erasure.read_erasure,
            erasure.set_erasure,
            erasure.erase_stage,
            erasure.read_person,
            erasure.erase_attendee,
            erasure.draw_proof,
            stations.list_stations,
            stations.read_attention,
            stations.confirm_roster,
            stations.retire_station,
            stations.list_conflicts,
            stations.settle_conflict,
            stations.link_station,
            clicks.send_click,
            clicks.undo_click,
            live.follow_live,
            camera.read_camera,
            screens.send_scan_for_screen,
            screens.follow_screen,
        ],
    )
    app = Litestar(
        route_handlers=[
            of_event,
            events.list_events,
            setup.create_event,
            login.log_in,
            login.log_out,
            login.pair,
            stations.pair_station,
            login.who_am_i,
            login.refuse_link,
            login.read_invitation,
            login.accept_invitation,
            account.read_account,
            account.change_password,
            account.renew_recovery_codes,
            account.log_out_everywhere,
            account.new_factor,
            account.set_factor,
            operators.read_roles,
            operators.list_operators,
            operators.invite_operator,
            operators.reset_operator,
            operators.confirm_operator,
            operators.change_role,
            operators.reset_factor,
            operators.withdraw_operator,
            health.health,
            health.read_metrics,
            papers.check_certificate,
            badges.serve_font,
            feeds.read_public_schedule,
            page_routes(faces),
        ],
        dependencies={
            "centre": Provide(lambda: centre, sync_to_thread=False),
            "reading": Provide(lambda: reading, sync_to_thread=False),
            "checks": Provide(lambda: checks, sync_to_thread=False),
            "importing": Provide(lambda: importing, sync_to_thread=False),
            "works": Provide(lambda: long_works, sync_to_thread=False),
            "events_folder": Provide(lambda: events_folder, sync_to_thread=False),
        },
        middleware=[LegibleAddress(), Authentication(centre)],
        request_class=LegibleRequest,
        exception_handlers={**HANDLERS, 404: not_found, CheckinError: not_now},
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
    return RefuseEarly(scans.ShortWay(live.Outlive(app), centre))
