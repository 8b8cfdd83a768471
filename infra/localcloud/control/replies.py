"""Reading a body of the control plane and answering it, the same for every route."""

from __future__ import annotations

import json
from typing import TypeVar

from aiohttp import web
from pydantic import ValidationError

from infra.localcloud.control.orders import Order
from infra.localcloud.core.problems import RequestRefused

AnOrder = TypeVar("AnOrder", bound=Order)


async def read_order(request: web.Request, model: type[AnOrder]) -> AnOrder:
    """The body as `model`, whatever its content type says (curl -d says form). Raises
    RequestRefused with the fields that are wrong.
    """
    try:
        return model.model_validate_json(await request.read())
    except ValidationError as error:
        raise RequestRefused.for_model(error) from error


def answer(content: object) -> web.Response:
    """A JSON answer that nobody keeps."""
    return web.Response(
        body=json.dumps(content, ensure_ascii=False).encode(),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
