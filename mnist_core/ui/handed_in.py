"""All reports that a class has handed in, as one zip for its teacher: a route of our own, light to import as all routes are."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from mnist_core.errors import ClassError, StoreError
from mnist_core.ui import teacher
from mnist_core.web.asgi import base_path

PATH = "reports"


def routes() -> list[BaseRoute]:
    """The route, where the app stands, and at the root, where a proxy takes the base path away."""
    return [Route(f"/{path}", send) for path in dict.fromkeys((PATH, f"{base_path()}/{PATH}".strip("/")))]


def link(class_id: str) -> str:
    """The address of the zip, from the app's start on; it is sent to the class's teacher alone. Files are dated on the session's clock."""
    from mnist_core.ui import times

    return f"{PATH}?{urlencode({'class': class_id, 'zone': times.zone()})}"


async def send(request: Request) -> Response:
    """The zip, to a browser that has the class's secret."""
    from mnist_core.ui import report_zip, session, times

    class_id = request.query_params.get("class", "")
    secret = teacher.secrets_in(request.headers.getlist("cookie")).get(class_id, "")
    try:
        found = await run_in_threadpool(lambda: session.store().reports.of_class(class_id, secret))
    except ClassError:
        return PlainTextResponse("Only the teacher of this class gets its reports.", 403)
    except StoreError:
        return PlainTextResponse("The store is out of reach. Try again in a moment.", 503)
    headers = {"content-disposition": 'attachment; filename="reports.zip"', "cache-control": "no-store"}
    zone = times.known(request.query_params.get("zone", ""))
    parts = report_zip.zipped(class_id, secret, found, zone)
    return StreamingResponse(parts, media_type="application/zip", headers=headers)
