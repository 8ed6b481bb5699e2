"""The application: page, WebSocket, upload, health and metrics, over one recogniser."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request, WebSocket
from fastapi.responses import FileResponse, Response
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, Field

import ishara
from ishara.live.guard import PAGE, Guard
from ishara.live.schema import VERSION, json_schema
from ishara.live.socket import talk
from ishara.live.state import Live
from ishara.live.upload import FIELD, Predicted, Uploads

_log = logging.getLogger(__name__)
_PAGE = Path(__file__).parent / "page"
_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": [FIELD],
                    "properties": {
                        FIELD: {
                            "type": "string",
                            "format": "binary",
                            "description": "A video (MP4, WebM, MOV, AVI, …) or a .pose file.",
                        }
                    },
                }
            }
        },
    }
}
_ERRORS: dict[int | str, dict[str, Any]] = {
    401: {"description": "A token is needed."},
    403: {"description": "The request comes from a page of another site."},
    408: {"description": "The clip did not arrive in time."},
    413: {"description": "The clip is too large."},
    415: {"description": "Not a form."},
    422: {"description": "The file is no clip that can be read, or nobody is seen in it."},
    503: {"description": "Too many clips wait; try again."},
}


class Info(BaseModel):
    """What is served, for the page."""

    version: str
    schema_version: int
    name: str
    glosses: list[str]
    input: str = Field(description="What the recogniser looks at: landmarks or pixels.")
    camera_problem: str | None = Field(description="Why no camera can be used with this server; null where one can.")
    teachable: bool
    tells_unknown: bool = Field(
        description="Whether signs that it does not know are told from known ones; false where it has no threshold."
    )
    clip_seconds: float
    upload_bytes: int
    take_seconds: float


class Health(BaseModel):
    """Whether the server can take another session."""

    status: str = "ok"
    token_needed: bool
    sessions: int
    most_sessions: int


def create_app(live: Live) -> FastAPI:
    """The ASGI application of one server."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        live.shut_down()

    app = FastAPI(
        title="Ishara live",
        version=ishara.__version__,
        summary="From a signed word to its gloss.",
        # Their pages load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    uploads = Uploads(live)
    app.mount(PAGE.rstrip("/"), StaticFiles(directory=_PAGE), name="page")

    @app.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(_PAGE / "index.html")

    @app.post("/predict", responses=_ERRORS, openapi_extra=_FORM)
    async def predict(request: Request, top: Annotated[int, Query(ge=1, le=1000)] = 5) -> Predicted:
        """Rank the glosses for one clip, as `ishara predict` does."""
        return await uploads.predict(request, top)

    @app.get("/info")
    async def info() -> Info:
        """What is served."""
        return _info(live)

    @app.get("/health")
    async def health() -> Health:
        """Alive, and how busy."""
        return Health(
            token_needed=live.access.token is not None,
            sessions=len(live.sessions),
            most_sessions=live.limits.sessions,
        )

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(live.metrics.text(), media_type=live.metrics.content_type)

    @app.get("/schema.json")
    async def schema() -> dict[str, Any]:
        """JSON schema of the WebSocket's text messages."""
        return json_schema()

    @app.websocket("/ws")
    async def websocket(connection: WebSocket) -> None:
        await talk(connection, live)

    # The outermost: whatever happens inside has passed it.
    app.add_middleware(Guard, access=live.access, metrics=live.metrics)
    return app


def _info(live: Live) -> Info:
    recognizer = live.recognizer
    return Info(
        version=ishara.__version__,
        schema_version=VERSION,
        name=recognizer.recipe.name,
        glosses=recognizer.glosses,
        input=recognizer.config.input,
        camera_problem=live.camera_problem,
        teachable=live.teachable,
        tells_unknown=recognizer.open_set is not None and recognizer.open_set.threshold is not None,
        clip_seconds=live.limits.clip_seconds,
        upload_bytes=live.limits.upload_bytes,
        take_seconds=live.limits.take_seconds,
    )
