import pytest

from schemas import asyncapi
from schemas.domains import DOMAINS
from schemas.headers import command_headers, fact_headers
from schemas.message import Actor, CommandMeta, FactMeta

COMMAND = CommandMeta(
    id="c1", type="resource.rename", subject="r1", time=1_700_000_000_007, actor=Actor(id="alice"), correlation_id="c1"
)
FACT = FactMeta(
    id="f1",
    type="resource.renamed",
    subject="r1",
    version=2,
    time=1_700_000_000_999,
    actor=Actor(id="alice"),
    command_id="c1",
    command_type="resource.rename",
    command_offset=41,
    correlation_id="c1",
)


def test_a_fact_is_a_cloud_event() -> None:
    assert dict(fact_headers(FACT)) == {
        "ce_specversion": b"1.0",
        "ce_id": b"f1",
        "ce_source": b"/annal/resource",
        "ce_type": b"resource.renamed",
        "ce_subject": b"r1",
        "ce_time": b"2023-11-14T22:13:20.999Z",
        "content-type": b"application/avro",
    }


def test_a_command_is_a_cloud_event() -> None:
    assert dict(command_headers(COMMAND)) == {
        "ce_specversion": b"1.0",
        "ce_id": b"c1",
        "ce_source": b"/annal/resource",
        "ce_type": b"resource.rename",
        "ce_subject": b"r1",
        "ce_time": b"2023-11-14T22:13:20.007Z",
        "content-type": b"application/avro",
    }


def test_a_refusal_comes_from_the_domain_that_refused() -> None:
    refused = FACT.model_copy(update={"type": "command.rejected", "command_type": "kind.define"})
    assert dict(fact_headers(refused))["ce_source"] == b"/annal/kind"


@pytest.mark.parametrize(
    ("time", "text"), [(0, b"1970-01-01T00:00:00.000Z"), (253402300799999, b"9999-12-31T23:59:59.999Z")]
)
def test_every_time_is_one_of_rfc_3339(time: int, text: bytes) -> None:
    assert dict(command_headers(COMMAND.model_copy(update={"time": time})))["ce_time"] == text


def test_the_asyncapi_document_names_these_headers() -> None:
    traits = asyncapi.document(DOMAINS)["components"]["messageTraits"]
    assert dict(fact_headers(FACT)).keys() | {"prev"} == set(traits["fact"]["headers"]["required"])
    assert dict(command_headers(COMMAND)).keys() == set(traits["command"]["headers"]["required"])


def test_changing_what_one_caller_got_changes_nothing_for_the_next() -> None:
    fact_headers(FACT).append(("x", b"y"))
    fact_headers(FACT)[0] = ("x", b"y")
    assert "x" not in dict(fact_headers(FACT))
