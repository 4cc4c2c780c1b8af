"""Lists in: a file is sent, looked at, read another way, saved, taken back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Request, delete, get, patch, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta, Struct

from checkin.core.errors import BadInput
from checkin.service import imports
from checkin.service.centre import Centre
from checkin.service.importing import Importing, PretixOrders
from checkin.service.imports import ImportApply, ImportChange, ImportShown
from checkin.service.people import Principal, wall_ms
from checkin.service.previews import DifferencesShown
from checkin.store.imports import What
from checkin.web.auth import may
from checkin.wire import UPLOAD_BYTES_MAX

FORM_BYTES_MAX = UPLOAD_BYTES_MAX + 64 * 1024
"""A file of the largest size, and the form around it."""

_Short = Annotated[str, Meta(min_length=1, max_length=200)]


class ImportsShown(Struct, frozen=True):
    imports: list[ImportShown]


class PretixSent(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the orders are, by pretix's short names. The token is used for this fetch and kept nowhere."""

    url: _Short
    organizer: _Short
    event: _Short
    token: _Short


@dataclass
class FileSent:
    """A form with the file."""

    file: UploadFile


@get("/imports", guards=[may("manage")])
async def list_imports(event: FromPath[str], centre: NamedDependency[Centre]) -> ImportsShown:
    """The latest imports of the event: who, when, what, and how many."""
    now_ms = wall_ms()
    return ImportsShown(await centre.read(lambda tx: imports.history(tx, centre.venues, event, now_ms=now_ms)))


@post("/imports", guards=[may("manage")], request_max_body_size=FORM_BYTES_MAX)
async def add_import(
    event: FromPath[str],
    data: Annotated[FileSent, Body(media_type=RequestEncodingType.MULTI_PART)],
    request: Request[Principal, str, Any],
    importing: NamedDependency[Importing],
) -> ImportShown:
    """Send a file: a list (CSV, XLSX, pretix's exports), a programme (frab JSON or XML, iCalendar) or a layout
    (TOML). The answer is its preview; nothing is saved. It is kept for two hours."""
    if not isinstance(data.file, UploadFile):
        raise BadInput("Send a form with the file as its part “file”.", code="file_missing")
    content = await data.file.read()
    return await importing.add(event, content, data.file.filename, request.user)


@post("/pretix-imports", guards=[may("manage")], status_code=202)
async def fetch_import(
    event: FromPath[str],
    data: JSONBody[PretixSent],
    request: Request[Principal, str, Any],
    importing: NamedDependency[Importing],
) -> ImportShown:
    """Fetch the orders of an event from a pretix; the import says how far it is, and then has its preview."""
    orders = PretixOrders(url=data.url, organizer=data.organizer, event=data.event, token=data.token)
    return await importing.fetch(event, orders, request.user)


@get("/imports/{import_id:str}", guards=[may("manage")])
async def read_import(
    event: FromPath[str], import_id: FromPath[str], importing: NamedDependency[Importing]
) -> ImportShown:
    """An import as it stands; with its preview while it is not saved."""
    return await importing.read(event, import_id)


@get("/imports/{import_id:str}/differences", guards=[may("manage")])
async def read_differences(
    event: FromPath[str],
    import_id: FromPath[str],
    importing: NamedDependency[Importing],
    what: FromQuery[What | None] = None,
    start: Annotated[int, QueryParameter(ge=0, le=1_000_000)] = 0,
) -> DifferencesShown:
    """What an import changes or changed, field by field; read on at `next`."""
    return await importing.differences(event, import_id, what, start)


@patch("/imports/{import_id:str}", guards=[may("manage")])
async def change_import(
    event: FromPath[str],
    import_id: FromPath[str],
    data: JSONBody[ImportChange],
    importing: NamedDependency[Importing],
) -> ImportShown:
    """Read the file another way: encoding, separator, row of headings, columns and categories mapped by hand."""
    return await importing.change(event, import_id, data)


@post("/imports/{import_id:str}/apply", guards=[may("manage")], status_code=202)
async def apply_import(
    event: FromPath[str],
    import_id: FromPath[str],
    data: JSONBody[ImportApply],
    request: Request[Principal, str, Any],
    importing: NamedDependency[Importing],
) -> ImportShown:
    """Save it. A long list goes on after the answer; the import says how far it is."""
    return await importing.apply(event, import_id, data.gone, data.plan, request.user, unsure_too=data.unsure_too)


@post("/imports/{import_id:str}/undo", guards=[may("manage")], status_code=202)
async def undo_import(
    event: FromPath[str],
    import_id: FromPath[str],
    request: Request[Principal, str, Any],
    importing: NamedDependency[Importing],
) -> ImportShown:
    """Take it back as a whole, as far as nothing has happened since; the differences say what became of each."""
    return await importing.undo(event, import_id, request.user)


@delete("/imports/{import_id:str}", guards=[may("manage")])
async def discard_import(event: FromPath[str], import_id: FromPath[str], importing: NamedDependency[Importing]) -> None:
    """Forget a file that was not saved."""
    await importing.discard(event, import_id)
