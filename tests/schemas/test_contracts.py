import subprocess
import sys
from pathlib import Path
from shutil import copytree
from typing import Annotated, Any, ClassVar, Literal

import pytest
from pydantic import create_model

from schemas import avro
from schemas.contracts import HERE, committed, newest
from schemas.contracts.accept import Incompatible, accept, require_compatible
from schemas.domains import COMMANDS, FACTS
from schemas.message import Command, Fact, JsonObject, Time

MESSAGES: list[type[Command | Fact]] = [*COMMANDS.values(), *FACTS.values()]


def test_every_message_is_what_its_newest_contract_says() -> None:
    published = newest(committed())
    for message in MESSAGES:
        name = avro.full_name(message)
        assert name in published, f"{name} has no contract: run `uv run python -m schemas.contracts`"
        assert avro.contract(message) == published[name].schema, f"{name}: run `uv run python -m schemas.contracts`"


def test_every_version_reads_every_other() -> None:
    contracts = committed()
    for contract in contracts:
        earlier = [each for each in contracts if each.name == contract.name and each.version < contract.version]
        assert contract.version == len(earlier) + 1
        require_compatible(contract.schema, earlier)


def test_ids_count_from_one_and_no_contract_stands_outside_the_index() -> None:
    contracts = committed()
    assert [contract.id for contract in contracts] == list(range(1, len(contracts) + 1))
    assert len(list(HERE.rglob("*.avsc"))) == len(contracts)


def test_the_command_accepts_what_is_new_and_nothing_twice(tmp_path: Path) -> None:
    copytree(HERE.parent, tmp_path / "schemas")
    source = tmp_path / "schemas" / "message.py"
    was = 'type: ClassVar[str] = "command.unchanged"\n'
    source.write_text(source.read_text().replace(was, was + '    note: str = ""\n'))
    number = len(committed()) + 1
    version = newest(committed())["annal.CommandUnchanged"].version + 1
    assert _accept_in(tmp_path) == f"annal.CommandUnchanged version {version}, id {number}\n"
    assert _accept_in(tmp_path) == ""
    assert committed(tmp_path / "schemas" / "contracts")[:-1] == committed()


def _accept_in(directory: Path) -> str:
    command = [sys.executable, "-m", "schemas.contracts"]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=True).stdout  # noqa: S603


def named(**fields: Any) -> type[Fact]:
    """Make a class called Named with these fields."""
    return create_model(
        "Named", __base__=Fact, __module__="tests.naming", type=(ClassVar[str], "naming.named"), **fields
    )


def accepted(directory: Path, **fields: Any) -> list[tuple[int, str, int]]:
    return [(each.id, each.name, each.version) for each in accept([named(**fields)], directory)]


def test_a_field_with_a_default_is_the_next_version(tmp_path: Path) -> None:
    assert accepted(tmp_path, name=(str, ...)) == [(1, "annal.naming.Named", 1)]
    assert accepted(tmp_path, name=(str, ...)) == []
    assert accepted(tmp_path, name=(str, ...), by=(str | None, None)) == [(2, "annal.naming.Named", 2)]
    assert accepted(tmp_path, name=(str, ...), by=(str | None, None), tags=(tuple[str, ...], ())) == [
        (3, "annal.naming.Named", 3)
    ]
    assert [contract.id for contract in committed(tmp_path)] == [1, 2, 3]
    assert committed(tmp_path)[1].schema["fields"][-1] == {"name": "by", "type": ["null", "string"], "default": None}


Word = Literal["a", "b"]


@pytest.mark.parametrize(
    ("was", "now", "reason"),
    [
        ({}, {"by": (str, ...)}, "a field without a default: by"),
        ({"by": (str, ...)}, {}, "a field without a default: by"),
        ({"by": (str, ...)}, {"by": (int, ...)}, "reader type: long not compatible with writer type: string"),
        ({"by": (str, ...)}, {"by": (str | None, ...)}, "reader type: string not compatible with writer type: null"),
        ({"by": (str, ...)}, {"by": (JsonObject, ...)}, "by no longer means what it meant"),
        ({"at": (int, ...)}, {"at": (Time, ...)}, "at no longer means what it meant"),
        ({"by": (tuple[JsonObject, ...], ())}, {"by": (tuple[str, ...], ())}, "by[] no longer means what it meant"),
        ({"by": (Word | None, None)}, {"by": (Literal["a", "c"] | None, None)}, "by is only one of a, c now"),
        ({"by": (str, ...)}, {"by": (Word, ...)}, "by is only one of a, b now"),
    ],
)
def test_what_others_could_not_read_is_no_next_version(
    tmp_path: Path, was: dict[str, Any], now: dict[str, Any], reason: str
) -> None:
    accepted(tmp_path, **was)
    with pytest.raises(Incompatible) as caught:
        accepted(tmp_path, **now)
    assert str(caught.value).startswith("annal.naming.Named does not agree with version 1 of its contract: ")
    assert reason in str(caught.value)
    assert len(committed(tmp_path)) == 1


def test_a_version_agrees_with_all_earlier_ones(tmp_path: Path) -> None:
    accepted(tmp_path, by=(str, "x"))
    accepted(tmp_path)
    with pytest.raises(Incompatible, match="version 1"):
        accepted(tmp_path, by=(int, 1))


def test_one_more_word_may_be_said(tmp_path: Path) -> None:
    accepted(tmp_path, by=(Word, ...))
    assert accepted(tmp_path, by=(Literal["a", "b", "c"], ...)) == [(2, "annal.naming.Named", 2)]


@pytest.mark.parametrize(
    "kind", [bytes, list[str], str | int, Literal[1], dict[int, str], Annotated[set[str], "x"], tuple[int, str]]
)
def test_a_field_without_a_form_in_avro_is_named(kind: Any) -> None:
    with pytest.raises(avro.Unmappable, match=r"Named.by: .* has no form in Avro here; use str, int"):
        avro.contract(named(by=(kind, ...)))
