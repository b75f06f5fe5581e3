"""Accept what the classes say today as contracts: the one way to change what is published."""

import sys

import orjson

from schemas.asyncapi import document
from schemas.contracts import ASYNCAPI
from schemas.contracts.accept import Incompatible, accept
from schemas.domains import COMMANDS, DOMAINS, FACTS

try:
    added = accept([*COMMANDS.values(), *FACTS.values()])
except Incompatible as error:
    sys.exit(str(error))
ASYNCAPI.write_bytes(orjson.dumps(document(DOMAINS), option=orjson.OPT_INDENT_2) + b"\n")
for contract in added:
    print(f"{contract.name} version {contract.version}, id {contract.id}")  # noqa: T201 - its answer
