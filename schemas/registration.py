"""Telling the contracts to a Schema Registry of one's own, and learning the ids that it gives them."""

import asyncio
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from urllib.parse import quote, urlsplit

import aiohttp
import orjson

from schemas.contracts import Contract, committed
from schemas.domains import DOMAINS
from schemas.message import Domain
from schemas.registry import MEDIA_TYPE, subjects
from schemas.wire import WIRE

PATIENCE = aiohttp.ClientTimeout(total=30)


class Unregistrable(Exception):  # noqa: N818 - the sentence is for the person who named the registry
    """A Schema Registry gives no answer, or refuses a contract."""


async def agree(url: str) -> None:
    """Write and read with the ids of the Schema Registry at an address, or the committed ones if there is none.

    Every process does this before it writes or reads anything. Raises Unregistrable.
    """
    if url:
        WIRE.number(await register(url, committed(), DOMAINS))


async def register(url: str, contracts: Sequence[Contract], domains: Sequence[Domain]) -> Mapping[int, int]:
    """Register all contracts and give the registry's id for each committed one; repeating it changes nothing.

    Journals hold the ids they were written with: whether a registry gives them is settled by the first fact. Raises
    Unregistrable.
    """
    versions: dict[str, list[Contract]] = {}
    for contract in contracts:
        for subject in subjects(contract, domains):
            versions.setdefault(subject, []).append(contract)
    ids: dict[int, int] = {}
    try:
        async with aiohttp.ClientSession(url.rstrip("/") + "/", timeout=PATIENCE) as session:
            await asyncio.gather(*(_register(session, subject, each, ids) for subject, each in versions.items()))
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise Unregistrable(
            f"The Schema Registry at {urlsplit(url).hostname} gives no answer that can be used "
            f"({error or 'it is late'}): see that it runs, and that ANNAL_SCHEMA_REGISTRY_URL is its address."
        ) from error
    return ids


async def _register(
    session: aiohttp.ClientSession, subject: str, contracts: Sequence[Contract], ids: dict[int, int]
) -> None:
    """Register the versions of a subject in the order in which they came to be, and note their ids."""
    path = f"subjects/{quote(subject, safe='')}/versions"
    for contract in contracts:
        body = orjson.dumps({"schemaType": "AVRO", "schema": orjson.dumps(contract.schema).decode()})
        async with session.post(path, data=body, headers={"Content-Type": MEDIA_TYPE}) as response:
            answer = orjson.loads(await response.read())
            if response.status != HTTPStatus.OK:
                raise Unregistrable(
                    f"The Schema Registry refuses version {contract.version} of {subject} "
                    f"({response.status}: {answer.get('message')}): see that nothing else registers under this name."
                )
            if ids.setdefault(contract.id, answer["id"]) != answer["id"]:
                raise Unregistrable(
                    f"The Schema Registry gives {contract.name} one id in one subject and another in another; "
                    "Annal needs one that gives equal schemas one id, as Confluent's does."
                )
