"""Webhooks: added, changed, tried, and what was sent."""

from __future__ import annotations

from typing import Any

from litestar import Request, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from checkin.service import webhooks
from checkin.service.centre import Centre
from checkin.service.people import Principal, wall_ms
from checkin.service.webhooks import DeliveryShown, WebhookAdded, WebhookChange, WebhookSent, WebhookShown
from checkin.web.auth import may


class WebhooksShown(Struct, frozen=True):
    """`private`: whether the house's own network and plain http are allowed (`CHECKIN_WEBHOOKS_PRIVATE`)."""

    webhooks: list[WebhookShown]
    private: bool


class DeliveriesShown(Struct, frozen=True):
    deliveries: list[DeliveryShown]


@get("/webhooks", guards=[may("manage")])
async def list_webhooks(event: FromPath[str], centre: NamedDependency[Centre]) -> WebhooksShown:
    shown = await centre.read(lambda tx: webhooks.list_webhooks(tx, centre.venues, event))
    return WebhooksShown(shown, centre.webhooks.private)


@post("/webhooks", guards=[may("manage")])
async def add_webhook(
    event: FromPath[str],
    data: JSONBody[WebhookSent],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> WebhookAdded:
    """From now on this address is told. The secret that signs is in this answer alone."""
    now, by, private = centre.clock(), request.user.id, centre.webhooks.private
    added = await centre.write(
        lambda tx: webhooks.add_webhook(
            tx, centre.venues, event, data, private=private, now=now, wall=wall_ms(), by=by
        ),
        event=event,
    )
    centre.webhooks.look_again()
    return added


@patch("/webhooks/{webhook:str}", guards=[may("manage")], status_code=204)
async def change_webhook(
    event: FromPath[str],
    webhook: FromPath[str],
    data: JSONBody[WebhookChange],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> None:
    """Pause it, or go on: from where it stopped, so that nothing is left out."""
    now, by = centre.clock(), request.user.id
    await centre.write(
        lambda tx: webhooks.change_webhook(tx, centre.venues, event, webhook, data, now=now, by=by), event=event
    )
    centre.webhooks.look_again()


@delete("/webhooks/{webhook:str}", guards=[may("manage")])
async def remove_webhook(
    event: FromPath[str], webhook: FromPath[str], request: Request[Principal, str, Any], centre: NamedDependency[Centre]
) -> None:
    """With its log; nothing is sent there any more."""
    now, by = centre.clock(), request.user.id
    await centre.write(
        lambda tx: webhooks.remove_webhook(tx, centre.venues, event, webhook, now=now, by=by), event=event
    )
    centre.webhooks.look_again()


@get("/webhooks/{webhook:str}/deliveries", guards=[may("manage")])
async def list_deliveries(
    event: FromPath[str], webhook: FromPath[str], centre: NamedDependency[Centre]
) -> DeliveriesShown:
    """The newest first; bodies are not kept."""
    return DeliveriesShown(await centre.read(lambda tx: webhooks.list_deliveries(tx, centre.venues, event, webhook)))


@post("/webhooks/{webhook:str}/test", guards=[may("manage")], status_code=200)
async def send_test(event: FromPath[str], webhook: FromPath[str], centre: NamedDependency[Centre]) -> DeliveryShown:
    """Send a test now, and say how it went."""
    return await centre.webhooks.send_test(event, webhook)


@post("/webhooks/{webhook:str}/deliveries/{number:int}/again", guards=[may("manage")], status_code=200)
async def send_again(
    event: FromPath[str], webhook: FromPath[str], number: FromPath[int], centre: NamedDependency[Centre]
) -> DeliveryShown:
    """Send a message of the log once more, under its id, and say how it went."""
    return await centre.webhooks.send_again(event, webhook, number)
