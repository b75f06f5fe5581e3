"""Text near to what was given out, made by a fuzzer that watches which lines it reaches."""

import sys
from collections.abc import Callable
from typing import Any

import atheris  # type: ignore[import-untyped]


def watched(module: str) -> Any:
    """Watch which lines of a module are reached, or of all modules of a package: import them inside `with` this."""
    return atheris.instrument_imports(include=[module])


def fuzz(target: Callable[[str], None], given_out: str) -> None:
    """Give the target text after text until it raises; takes libFuzzer's arguments from the command line."""

    def once(data: bytes) -> None:
        target(_near(given_out, data))

    atheris.Setup(sys.argv, once)
    atheris.Fuzz()


def _near(given_out: str, data: bytes) -> str:
    """Put any text in place of any part, which may be none or all."""
    chosen = atheris.FuzzedDataProvider(data)
    start = chosen.ConsumeIntInRange(0, len(given_out))
    end = chosen.ConsumeIntInRange(start, len(given_out))
    return given_out[:start] + str(chosen.ConsumeUnicode(chosen.remaining_bytes())) + given_out[end:]
