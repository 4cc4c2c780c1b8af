"""Imports as they run: files are read and compared off the loop that answers doors, and large lists are saved and
taken back piece by piece, with a sign of how far it is."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import OrderedDict
from collections.abc import Coroutine
from typing import Any

from msgspec import Struct

from checkin.badges.joining import Told
from checkin.core.errors import BadInput, CheckinError, Conflict, NotFound
from checkin.exchange.pretix_api import fetch_orders
from checkin.exchange.reader import read_apart
from checkin.service import imports, previews
from checkin.service.attendee_lists import ListPlan
from checkin.service.centre import Centre
from checkin.service.imports import CHUNK_ROWS, Gone, ImportChange, ImportShown
from checkin.service.people import Principal, wall_ms
from checkin.service.previews import DifferencesShown, Looked, Material
from checkin.store.imports import Import, ImportKind, ImportRow, drop_expired, is_expired

LOOKED_MAX = 4
"""Previews at hand; one that is not is made again from the file."""
FORGET_EVERY_S = 300.0
ASKED_EVERY_S = 0.1

log = logging.getLogger(__name__)


class PretixOrders(Struct, frozen=True, kw_only=True):
    """Where the orders of an event are, and the token that may see them."""

    url: str
    organizer: str
    event: str
    token: str


class Taken(Struct, frozen=True, kw_only=True):
    """A file that was taken in as a whole. `shown`: None where nothing was to be kept."""

    looked: Looked
    shown: ImportShown | None


class Importing:
    """The imports of a running centre."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._looked: OrderedDict[str, Looked] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._forgetting: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._forgetting = asyncio.create_task(self._forget(), name="imports are forgotten")

    async def close(self) -> None:
        """Stop; what was being saved goes on from where it is when it is begun again."""
        tasks = [*self._tasks, *([self._forgetting] if self._forgetting is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def take(
        self,
        slug: str,
        content: bytes,
        name: str,
        *,
        kind: ImportKind,
        sent: ImportChange,
        gone: Gone,
        dry_run: bool,
        by: Principal,
        told: Told,
    ) -> Taken:
        """Look at a file and save it, waiting until that is done; with `dry_run` nothing is kept.

        Raises `BadInput` for a file of another kind, for a list without its columns, and for a programme with rooms of
        which nobody has said what they are (`rooms_unknown`, with them as data).
        """
        if previews.kind_of(content) != kind:
            raise BadInput(f"{name} is no file of this kind: it is taken for {previews.kind_of(content)}.")
        looked = await self._compared(
            await self._centre.read(lambda tx: imports.material_of(tx, self._centre.venues, slug, content, name, sent))
        )
        if missing := looked.read_as.missing:
            how = " Name the group of everybody with --group." if missing == ["group"] else ""
            raise BadInput(f"{name} lacks the columns {', '.join(missing)}.{how}", code="columns_missing")
        if unknown := [room for room in looked.read_as.rooms if not room.chosen]:
            raise BadInput(f"{len(unknown)} rooms of {name} are no areas.", code="rooms_unknown", rooms=unknown)
        if dry_run:
            return Taken(looked=looked, shown=None)
        _check_gone(looked, gone)
        one = await self.add(slug, content, name, by)
        if sent != ImportChange():
            await self.change(slug, one.id, sent)
        one = await self.apply(slug, one.id, gone, "", by)
        return Taken(looked=looked, shown=await self._ended(slug, one, told))

    async def take_back(self, slug: str, id: str, by: Principal, told: Told) -> ImportShown:
        """Take an import back, waiting until that is done."""
        return await self._ended(slug, await self.undo(slug, id, by), told)

    async def _ended(self, slug: str, one: ImportShown, told: Told) -> ImportShown:
        """An import when the work on it is over. Raises what has broken it off."""
        while one.state in ("applying", "undoing") and not one.fault_code:
            told(one.done, one.total)
            await asyncio.sleep(ASKED_EVERY_S)
            one = await self.read(slug, one.id)
        if one.fault_code:
            raise Conflict(one.fault, code=one.fault_code)
        return one

    async def add(self, slug: str, content: bytes, name: str, by: Principal) -> ImportShown:
        """Take a file and look at it; one that cannot be read is not kept. Raises as `imports.add`, and what
        reading the file raises."""
        now, now_ms = self._centre.clock(), wall_ms()
        one: Import = await self._centre.write(
            lambda tx: imports.add(tx, self._centre.venues, slug, content, name, now=now, now_ms=now_ms, by=by.id)
        )
        try:
            return await self.read(slug, one.id)
        except CheckinError:
            await self._centre.write(lambda tx: imports.discard(tx, self._centre.venues, slug, one.id))
            raise

    async def fetch(self, slug: str, orders: PretixOrders, by: Principal) -> ImportShown:
        """Begin to fetch the orders from a pretix; the token is kept nowhere."""
        now, now_ms = self._centre.clock(), wall_ms()
        name = f"pretix {orders.organizer}/{orders.event}"
        one: Import = await self._centre.write(
            lambda tx: imports.add(tx, self._centre.venues, slug, None, name, now=now, now_ms=now_ms, by=by.id)
        )
        self._begin(slug, one.id, self._fetch(slug, one.id, orders))
        return await self.read(slug, one.id)

    async def read(self, slug: str, id: str) -> ImportShown:
        """An import as it stands; with its preview while it is looked at."""
        now_ms = wall_ms()
        one = await self._centre.read(lambda tx: imports.show(tx, self._centre.venues, slug, id, now_ms=now_ms))
        if one.state != "previewed":
            return one
        return imports.with_preview(one, await self._look(slug, id))

    async def change(self, slug: str, id: str, sent: ImportChange) -> ImportShown:
        """Have a list read another way, and look at it again."""
        await self._centre.write(lambda tx: imports.choose(tx, self._centre.venues, slug, id, sent))
        self._looked.pop(id, None)
        return await self.read(slug, id)

    async def differences(self, slug: str, id: str, what: str | None, start: int) -> DifferencesShown:
        """Some of the differences that an import makes or made, from `start` on."""
        now_ms = wall_ms()
        one = await self._centre.read(lambda tx: imports.show(tx, self._centre.venues, slug, id, now_ms=now_ms))
        if one.state == "previewed":
            return previews.planned_differences(await self._look(slug, id), what or "new", start)
        return await self._centre.read(
            lambda tx: imports.saved_differences(tx, self._centre.venues, slug, id, what, start - 1)
        )

    async def discard(self, slug: str, id: str) -> None:
        await self._centre.write(lambda tx: imports.discard(tx, self._centre.venues, slug, id))
        self._looked.pop(id, None)

    async def apply(
        self, slug: str, id: str, gone: Gone, plan: str, by: Principal, *, unsure_too: bool = False
    ) -> ImportShown:
        """Save an import: a layout or programme at once, a list piece by piece; `read` says how far it is. `plan`: of
        the preview that was looked at. Raises `BadInput` for a list without the columns that it needs, and
        `Conflict` (`import_stale`) for a programme or layout whose differences are others by now; a list is looked
        at again for that, and has it as its fault. Raises `Conflict` (`gone_unsure`) for cancelling the gone of a list
        of which some may stand in rows that were left out, unless `unsure_too` says so."""
        now_ms = wall_ms()
        material = await self._material(slug, id)
        if material.one.state == "previewed":
            looked = await self._look(slug, id)
            if missing := looked.read_as.missing:
                raise BadInput(f"The list lacks columns: {', '.join(missing)}. Map them first.", code="columns_missing")
            if not unsure_too:
                _check_gone(looked, gone)
        await self._centre.write(lambda tx: imports.begin(tx, self._centre.venues, slug, id, "applying", now_ms=now_ms))
        if material.one.kind == "attendees":
            self._begin(slug, id, self._save_list(slug, id, gone, plan, by))
        else:
            await self._or_fault(slug, id, self._save_file(slug, id, material, gone, plan, by))
        return await self.read(slug, id)

    async def undo(self, slug: str, id: str, by: Principal) -> ImportShown:
        """Take an import back; `read` says how far it is."""
        now_ms = wall_ms()
        await self._centre.write(lambda tx: imports.begin(tx, self._centre.venues, slug, id, "undoing", now_ms=now_ms))
        one = await self.read(slug, id)
        if one.kind == "attendees":
            self._begin(slug, id, self._undo_list(slug, id, by))
        else:
            await self._or_fault(slug, id, self._undo_file(slug, id, by))
        return await self.read(slug, id)

    async def _look(self, slug: str, id: str) -> Looked:
        if id not in self._looked:
            self._looked[id] = await self._fresh(slug, id)
            while len(self._looked) > LOOKED_MAX:
                self._looked.popitem(last=False)
        return self._looked[id]

    async def _fresh(self, slug: str, id: str) -> Looked:
        return await self._compared(await self._material(slug, id))

    async def _material(self, slug: str, id: str) -> Material:
        return await self._centre.read(lambda tx: imports.material(tx, self._centre.venues, slug, id))

    async def _compared(self, material: Material) -> Looked:
        if material.one.kind != "attendees":
            return await asyncio.to_thread(previews.look_at_file, material)
        listed = await read_apart(
            material.content, name=material.one.name, groups=material.groups, reading=material.reading
        )
        return await asyncio.to_thread(previews.look_at_list, material, listed)

    def _begin(self, slug: str, id: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._in_background(slug, id, work), name=f"import {id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _in_background(self, slug: str, id: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except asyncio.CancelledError:
            with contextlib.suppress(Exception):  # the centre may be closed already: then a minute's silence says it
                await self._failed(slug, id, "import_stopped", "The service was stopped. Go on, or take it back.")
            raise
        except CheckinError as error:
            await self._failed(slug, id, error.code, error.message)
        except Exception as error:
            log.exception("import %s failed", id, exc_info=error)
            await self._failed(slug, id, "internal", "Something went wrong here. It was logged; try again.")

    async def _or_fault(self, slug: str, id: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except BaseException:
            await self._failed(slug, id, "", "")
            raise

    async def _failed(self, slug: str, id: str, code: str, fault: str) -> None:
        with contextlib.suppress(NotFound):  # it was discarded meanwhile
            await self._centre.write(lambda tx: imports.failed(tx, self._centre.venues, slug, id, code, fault))

    async def _fetch(self, slug: str, id: str, orders: PretixOrders) -> None:
        async def progress(done: int, total: int) -> None:
            now_ms = wall_ms()
            await self._centre.write(
                lambda tx: imports.touch(tx, self._centre.venues, slug, id, now_ms=now_ms, done=done, total=total)
            )

        content = await fetch_orders(orders.url, orders.organizer, orders.event, orders.token, progress=progress)
        now_ms = wall_ms()
        await self._centre.write(lambda tx: imports.fetched(tx, self._centre.venues, slug, id, content, now_ms=now_ms))

    async def _save_list(self, slug: str, id: str, gone: Gone, plan_id: str, by: Principal) -> None:
        # People may have changed since the preview: what is saved is what differs now.
        material = await self._material(slug, id)
        looked = await self._compared(material)
        self._check_seen(id, looked, plan_id)
        plan = looked.plan
        assert isinstance(plan, ListPlan)
        rows = [row for row in plan.rows if row.what != "gone" or (gone == "cancel" and row.subject not in plan.stays)]
        for start in range(0, len(rows), CHUNK_ROWS):
            await self._save_chunk(slug, id, rows, plan.said, start, by)
        done = {row.subject for row in plan.rows if row.what != "gone"}
        rest = [item for item in plan.said.items() if item[0] not in done]
        for start in range(0, len(rest), CHUNK_ROWS):
            await self._save_said(slug, id, dict(rest[start : start + CHUNK_ROWS]))
        now, now_ms = self._centre.clock(), wall_ms()
        await self._centre.write(
            lambda tx: imports.finish_list(
                tx, self._centre.venues, slug, id, looked, material.chosen, now=now, now_ms=now_ms, by=by.id
            ),
            event=slug,
        )
        self._looked.pop(id, None)

    def _check_seen(self, id: str, looked: Looked, plan_id: str) -> None:
        """Raises `Conflict` where somebody looked at other differences than there are; the next look shows these."""
        if plan_id and plan_id != looked.plan_id:
            self._looked[id] = looked
            raise Conflict("The data changed since this preview. Look at it again, then save.", code="import_stale")

    async def _save_said(self, slug: str, id: str, said: dict[str, dict[str, str]]) -> None:
        now_ms = wall_ms()
        await self._centre.write(lambda tx: imports.save_said(tx, self._centre.venues, slug, id, said, now_ms=now_ms))

    async def _save_chunk(
        self, slug: str, id: str, rows: list[ImportRow], said: dict[str, dict[str, str]], start: int, by: Principal
    ) -> None:
        chunk, now, now_ms = rows[start : start + CHUNK_ROWS], self._centre.clock(), wall_ms()
        await self._centre.write(
            lambda tx: imports.save_chunk(
                tx,
                self._centre.venues,
                slug,
                id,
                chunk,
                said,
                done=start + len(chunk),
                total=len(rows),
                now=now,
                now_ms=now_ms,
                by=by.id,
            ),
            event=slug,
        )

    async def _save_file(self, slug: str, id: str, material: Material, gone: Gone, plan_id: str, by: Principal) -> None:
        looked = await self._compared(material)
        self._check_seen(id, looked, plan_id)
        now, now_ms = self._centre.clock(), wall_ms()
        await self._centre.write(
            lambda tx: imports.apply_file(
                tx, self._centre.venues, slug, id, looked, material.chosen, gone, by, now=now, now_ms=now_ms
            ),
            event=slug,
        )
        self._looked.pop(id, None)

    async def _undo_list(self, slug: str, id: str, by: Principal) -> None:
        scanned = await self._centre.read(lambda tx: imports.scanned(tx, self._centre.venues, slug))
        place: int | None = -1
        while place is not None:
            place = await self._undo_chunk(slug, id, place, scanned, by)
        await self._finish_undo(slug, id, by)

    async def _undo_chunk(self, slug: str, id: str, after: int, scanned: set[str], by: Principal) -> int | None:
        now, now_ms = self._centre.clock(), wall_ms()
        return await self._centre.write(
            lambda tx: imports.undo_chunk(
                tx, self._centre.venues, slug, id, after=after, scanned=scanned, now=now, now_ms=now_ms, by=by.id
            ),
            event=slug,
        )

    async def _undo_file(self, slug: str, id: str, by: Principal) -> None:
        now = self._centre.clock()
        await self._centre.write(
            lambda tx: imports.undo_file(tx, self._centre.venues, slug, id, by, now=now), event=slug
        )
        await self._finish_undo(slug, id, by)

    async def _finish_undo(self, slug: str, id: str, by: Principal) -> None:
        now = self._centre.clock()
        await self._centre.write(lambda tx: imports.finish_undo(tx, self._centre.venues, slug, id, now=now, by=by.id))

    async def _forget(self) -> None:
        """Files that nobody saved, and what was kept to take an import back, go when their time is over."""
        while True:
            try:
                await self._forget_once(wall_ms())
            except Exception as error:
                log.warning("old imports could not be forgotten, trying again: %s", error)
            await asyncio.sleep(FORGET_EVERY_S)

    async def _forget_once(self, now_ms: int) -> None:
        if await self._centre.read(lambda tx: is_expired(tx, now_ms)):
            await self._centre.write(lambda tx: drop_expired(tx, now_ms))


def _check_gone(looked: Looked, gone: Gone) -> None:
    if gone == "cancel" and looked.counts.unsure:
        raise Conflict(
            f"{looked.counts.unsure} rows were left out and fit nobody: some of those who seem to be gone may stand in"
            " them. Mend these rows, or keep the gone.",
            code="gone_unsure",
        )
