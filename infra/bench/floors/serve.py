"""How every floor that is a door is served: as ours are."""

import uvicorn
from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.types import StatefulLifespan, StatelessLifespan

SILENT: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}


def bare(lifespan: StatelessLifespan[FastAPI] | StatefulLifespan[FastAPI]) -> FastAPI:
    """Make an app with nothing in it."""
    return FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None, telemetry=SILENT)


def serve(app: FastAPI, port: int) -> None:
    uvicorn.run(app, host="127.0.0.1", port=port, loop="uvloop", http="httptools", log_config=None, access_log=False)
