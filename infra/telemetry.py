"""What a process says about itself: JSON logs, and one trace id from HTTP through Kafka to the read model."""

import logging
import re
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from functools import cache
from random import getrandbits
from typing import Any, NamedTuple

import structlog
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, TraceFlags
from structlog.tracebacks import ExceptionDictTransformer

from infra.settings import Settings

TRACEPARENT = "traceparent"
"""The header in which the W3C trace context travels, over HTTP and on Kafka records."""

_tracer = trace.get_tracer("annal")
_PARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")


class _Ids(NamedTuple):
    """What a span is known by, as the header has it."""

    trace_id: str
    span_id: str
    flags: str


_here: ContextVar[_Ids | None] = ContextVar("span", default=None)


def start(settings: Settings, role: str) -> None:
    """Begin to log and trace as `role`; once, before anything else runs."""
    _log_json(settings.log_level, role)
    if settings.otel_exporter != "none":
        trace.set_tracer_provider(_provider(role))
    _looked_at.cache_clear()


def log(name: str) -> structlog.stdlib.BoundLogger:
    bound: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return bound


def span(name: str, parent: str | None = None) -> AbstractContextManager[Span]:
    """A span that is current inside `with`; under the `traceparent` text given, else under the current span."""
    above = (_ids(parent) if parent else None) or _here.get()
    return _seen(name, above) if _looked_at() else _Unseen(above)


@contextmanager
def _seen(name: str, above: _Ids | None) -> Iterator[Span]:
    with _tracer.start_as_current_span(name, context=_context(above) if above else None) as span:
        its = span.get_span_context()
        token = _here.set(_Ids(f"{its.trace_id:032x}", f"{its.span_id:016x}", f"{its.trace_flags:02x}"))
        try:
            yield span
        finally:
            _here.reset(token)


class _Unseen:
    """What a span is when nobody looks at spans: its ids, at a tenth of the cost."""

    def __init__(self, above: _Ids | None) -> None:
        self._above = above

    def __enter__(self) -> Span:
        trace_id, _, flags = self._above or (f"{getrandbits(128):032x}", "", "00")
        self._token = _here.set(_Ids(trace_id, f"{getrandbits(64):016x}", flags))
        return trace.INVALID_SPAN

    def __exit__(self, *_: object) -> None:
        _here.reset(self._token)


def traceparent() -> str | None:
    """The current span in the form of the W3C header."""
    here = _here.get()
    return None if here is None else f"00-{here.trace_id}-{here.span_id}-{here.flags}"


def trace_id() -> str | None:
    here = _here.get()
    return None if here is None else here.trace_id


@cache
def _looked_at() -> bool:
    """Say whether spans go anywhere."""
    return isinstance(trace.get_tracer_provider(), TracerProvider)


def _ids(parent: str) -> _Ids | None:
    """Read a `traceparent`; None for text that is no such thing, for it comes from outside."""
    found = _PARENT.fullmatch(parent)
    return _Ids(*found.groups()) if found and int(found[1], 16) and int(found[2], 16) else None


def _context(above: _Ids) -> Context:
    flags = TraceFlags(int(above.flags, 16))
    there = SpanContext(int(above.trace_id, 16), int(above.span_id, 16), is_remote=True, trace_flags=flags)
    return trace.set_span_in_context(NonRecordingSpan(there))


def _provider(role: str) -> TracerProvider:
    provider = TracerProvider(ParentBased(ALWAYS_ON), Resource.create({"service.name": f"annal-{role}"}))
    provider.add_span_processor(_otlp())
    return provider


def _otlp() -> SpanProcessor:
    """The exporter reads where to send from the standard OTEL_EXPORTER_OTLP_* variables."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    return BatchSpanProcessor(OTLPSpanExporter())


def _log_json(level: str, role: str) -> None:
    """Our lines and those of every library become JSON on standard error, one object a line."""

    def of_role(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["role"] = role
        if (current := trace_id()) is not None:
            event["trace_id"] = current
        return event

    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        of_role,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                # Local variables may hold what no log should.
                structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
