"""Papers: certificates and the page where anybody checks one, lists for when nothing works, and their lines."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal

from litestar import Request, Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Stream
from msgspec import Meta, Struct

from checkin.badges.joining import Told
from checkin.badges.papers import PAPERS
from checkin.badges.templates import own_papers, template_of
from checkin.core.attendance import Rule
from checkin.core.errors import NotFound
from checkin.core.roles import PAGES
from checkin.service import access_request, certificates, paper_lists
from checkin.service.centre import Centre
from checkin.service.certificates import AddressSent, CertificateShown, Certified, Checked, Checks, RuleShown
from checkin.service.paper_lists import FallbackSetting, PaperLineAnswer, PaperLineSent, PaperNow
from checkin.service.papers import certificates_pdf
from checkin.service.people import Principal, check
from checkin.service.venues import Venue
from checkin.service.works import Works
from checkin.store.certificates import load_rule
from checkin.store.engine import Transaction
from checkin.store.events import fallback_every
from checkin.web.auth import may
from checkin.web.works import answer
from checkin.wire import Id, ScanUndone

_PRIVATE = {"Cache-Control": "private, no-store"}
Language = Literal["de", "en"]


class IssueSent(Struct, frozen=True, kw_only=True):
    """Whose certificates: of one attendee, of a group, or of all. `again`: another issue of what is certified
    already, with a number of its own."""

    attendee: Id | None = None
    group: Id | None = None
    again: bool = False
    language: Language = "de"


class CertificatesShown(Struct, frozen=True):
    certificates: list[CertificateShown]


class PaperLinesShown(Struct, frozen=True):
    lines: list[PaperLineAnswer]


class CodeToCheck(Struct, frozen=True):
    code: Annotated[str, Meta(min_length=1, max_length=60)]


@get("/certificates/rule", guards=[may("manage")])
async def read_rule(
    event: FromPath[str], request: Request[Principal, str, Any], centre: NamedDependency[Centre]
) -> RuleShown:
    """The rule that certificates follow, and what it does to a few people."""
    now, here = centre.clock(), str(request.base_url)
    return await centre.read(lambda tx: certificates.read_rule(tx, centre.venues, event, here=here, now=now))


@post("/certificates/rule/preview", guards=[may("manage")], status_code=200)
async def preview_rule(
    event: FromPath[str], data: JSONBody[Rule], request: Request[Principal, str, Any], centre: NamedDependency[Centre]
) -> RuleShown:
    """What another rule would do; nothing is kept."""
    now, here = centre.clock(), str(request.base_url)
    return await centre.read(
        lambda tx: certificates.read_rule(tx, centre.venues, event, here=here, now=now, draft=data)
    )


@put("/certificates/rule", guards=[may("manage")])
async def set_rule(
    event: FromPath[str], data: JSONBody[Rule], request: Request[Principal, str, Any], centre: NamedDependency[Centre]
) -> RuleShown:
    now, by, here = centre.clock(), request.user.id, str(request.base_url)

    def work(tx: Transaction) -> RuleShown:
        certificates.set_rule(tx, centre.venues, event, data, now=now, by=by)
        return certificates.read_rule(tx, centre.venues, event, here=here, now=now)

    return await centre.write(work, event=event)


@put("/certificates/address", guards=[may("manage")], status_code=204)
async def set_address(
    event: FromPath[str],
    data: JSONBody[AddressSent],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> None:
    """Where anybody checks a code, as it stands on certificates."""
    now, by = centre.clock(), request.user.id
    await centre.write(lambda tx: certificates.set_address(tx, centre.venues, event, data, now=now, by=by), event=event)


@get("/certificates", guards=[may("desk")])
async def list_certificates(
    event: FromPath[str],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
    attendee: FromQuery[str | None] = None,
) -> CertificatesShown:
    """Those of an attendee, or all, the newest first; without those whose names were deleted. All are seen by those
    who may open the page that lists them."""
    check(request.user, "desk" if attendee is not None else PAGES["papers"])
    permissions = request.user.may
    found = await centre.read(lambda tx: certificates.issued_to(tx, centre.venues, event, attendee, may=permissions))
    return CertificatesShown(found)


@post("/certificates", guards=[may("desk")], status_code=200, media_type="application/pdf")
async def issue_certificates(
    event: FromPath[str],
    data: JSONBody[IssueSent],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
    events_folder: NamedDependency[Path],
    works: NamedDependency[Works],
    progress: FromQuery[bool] = False,
) -> Stream:
    """The certificates as one PDF; whoever has one that still says the same gets that. At a desk one by one.
    `progress`: say how far it is first, see `/works`."""
    check(request.user, "desk" if data.attendee is not None else PAGES["papers"])
    now, by, permissions = centre.clock(), request.user.id, request.user.may
    here = str(request.base_url)

    def issue(tx: Transaction) -> tuple[Venue, list[Certified], Rule, str]:
        certified = certificates.issue(
            tx,
            centre.venues,
            event,
            group=data.group,
            attendee=data.attendee,
            again=data.again,
            now=now,
            by=by,
            may=permissions,
        )
        venue = centre.venues.venue(tx, event)
        rule = load_rule(tx, venue.id) or Rule()
        return venue, certified, rule, certificates.verify_url(tx, centre.venues, event, here)

    async def make(told: Told, out: BinaryIO) -> dict[str, str]:
        venue, certified, rule, verify_url = await centre.write(issue, event=event)
        pdf = await asyncio.to_thread(
            certificates_pdf,
            venue,
            certified,
            rule,
            verify_url=verify_url,
            language=data.language,
            own=own_papers(events_folder, event),
            told=told,
        )
        out.write(pdf)
        return {}

    work = works.begin(
        make,
        by=by,
        event=event,
        what="certificates",
        permission="desk" if data.attendee is not None else PAGES["papers"],
        name=f"{event}-certificates.pdf",
        media_type="application/pdf",
    )
    return await answer(works, work, progress=progress)


@delete("/certificates/{number:int}", guards=[may("manage")])
async def withdraw_certificate(
    event: FromPath[str],
    number: FromPath[int],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> None:
    """Whoever checks its code is told from now on that it was withdrawn."""
    now, by = centre.clock(), request.user.id
    await centre.write(
        lambda tx: certificates.withdraw(tx, centre.venues, event, number, back=False, now=now, by=by), event=event
    )


@post("/certificates/{number:int}/restore", guards=[may("manage")], status_code=204)
async def restore_certificate(
    event: FromPath[str],
    number: FromPath[int],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> None:
    """It was withdrawn by mistake."""
    now, by = centre.clock(), request.user.id
    await centre.write(
        lambda tx: certificates.withdraw(tx, centre.venues, event, number, back=True, now=now, by=by), event=event
    )


@get("/papers/templates/{file:str}", guards=[may("manage")], media_type="text/plain")
async def read_paper_template(
    event: FromPath[str], file: FromPath[str], events_folder: NamedDependency[Path]
) -> Response[bytes]:
    """`certificate.typ`, `fallback.typ`: the template that is used now, ours to begin an own one with."""
    kind = next((paper for paper in PAPERS.values() if f"{paper.id}.typ" == file), None)
    if kind is None:
        raise NotFound(f"There is no template “{file}”; there are: {', '.join(f'{id}.typ' for id in PAPERS)}.")
    template = template_of(kind, own_papers(events_folder, event))
    return Response(template.file.read_bytes(), media_type="text/plain", headers=_PRIVATE)


@post("/api/v1/certificates/check", opt={"public": True}, status_code=200)
async def check_certificate(
    data: JSONBody[CodeToCheck],
    request: Request[Any, Any, Any],
    centre: NamedDependency[Centre],
    checks: NamedDependency[Checks],
) -> Checked:
    """Whether this is the code of a certificate, of which event, issued when: for anybody, and nothing more."""
    checks.count(request.client.host if request.client else "")
    return await centre.read(lambda tx: certificates.check_code(tx, data.code))


@get("/fallback", guards=[may(PAGES["papers"])])
async def read_fallback(
    event: FromPath[str], centre: NamedDependency[Centre], events_folder: NamedDependency[Path]
) -> PaperNow:
    """How often a list for when nothing works is written, where, and which lie there."""
    every = await centre.read(lambda tx: fallback_every(tx, centre.venues.id(tx, event)))
    written = await asyncio.to_thread(paper_lists.written_lists, events_folder, event)
    folder = paper_lists.fallback_folder(Path(events_folder.name), event)
    return PaperNow(every_min=every, folder=str(folder), lists=written)


@put("/fallback", guards=[may("manage")])
async def set_fallback(
    event: FromPath[str],
    data: JSONBody[FallbackSetting],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> None:
    now, by = centre.clock(), request.user.id
    await centre.write(lambda tx: paper_lists.set_fallback(tx, centre.venues, event, data, now=now, by=by), event=event)


@get("/fallback.pdf", guards=[may(PAGES["papers"])], media_type="application/pdf")
async def draw_fallback(
    event: FromPath[str],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
    events_folder: NamedDependency[Path],
    group: FromQuery[str | None] = None,
    language: FromQuery[Language] = "de",
) -> Response[bytes]:
    """The list as it is now."""
    now, permissions = centre.clock(), request.user.may
    make = await centre.read(
        lambda tx: paper_lists.list_pdf(
            tx, centre.venues, event, now=now, may=permissions, group=group, language=language
        )
    )
    return _pdf(await asyncio.to_thread(make, own_papers(events_folder, event)))


@post("/paper-lines", guards=[may("desk")])
async def enter_line(
    event: FromPath[str],
    data: JSONBody[PaperLineSent],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> PaperLineAnswer:
    """A line of a paper list, with the time that stands there; sent again, it is the same line."""
    now, by, permissions = centre.clock(), request.user.id, request.user.may
    return await centre.write(
        lambda tx: paper_lists.enter_line(tx, centre.venues, event, data, now=now, by=by, may=permissions),
        event=event,
    )


@get("/paper-lines", guards=[may("desk")])
async def list_lines(
    event: FromPath[str], request: Request[Principal, str, Any], centre: NamedDependency[Centre]
) -> PaperLinesShown:
    """The lines that were entered last, the newest first, without those taken back."""
    permissions = request.user.may
    return PaperLinesShown(await centre.read(lambda tx: paper_lists.lines(tx, centre.venues, event, may=permissions)))


@post("/paper-lines/{line:str}/undo", guards=[may("desk")], status_code=200)
async def undo_line(
    event: FromPath[str], line: FromPath[str], request: Request[Principal, str, Any], centre: NamedDependency[Centre]
) -> ScanUndone:
    now, by = centre.clock(), request.user
    return await centre.write(
        lambda tx: paper_lists.undo_line(tx, centre.venues, event, line, now=now, by=by), event=event
    )


@post("/attendees/{attendee:str}/access", guards=[may("manage")], status_code=200, media_type="application/zip")
async def give_access(
    event: FromPath[str],
    attendee: FromPath[str],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
    language: FromQuery[Language] = "de",
) -> Response[bytes]:
    """All that is kept of this person, as one file; that it was given is recorded."""
    now, by = centre.clock(), request.user.id
    make = await centre.write(
        lambda tx: access_request.answer(tx, centre.venues, event, attendee, now=now, by=by, language=language),
        event=event,
    )
    return Response(await asyncio.to_thread(make), media_type="application/zip", headers=_PRIVATE)


def _pdf(content: bytes) -> Response[bytes]:
    return Response(content, media_type="application/pdf", headers=_PRIVATE)
