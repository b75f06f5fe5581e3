"""Recovery codes are long enough that nobody guesses them, and are read however they are written."""

import base64
import secrets

from streams.codes import BYTES, recovery_code, recovery_digest


def test_a_code_has_120_bits() -> None:
    code = recovery_code(bytes(range(BYTES)))
    assert code == "AAAQ-EAYE-AUDA-OCAJ-BIFQ-YDIO"
    assert len(base64.b32decode(code.replace("-", ""))) * 8 == 120


def test_no_code_is_made_twice() -> None:
    assert len({recovery_code(secrets.token_bytes(BYTES)) for _ in range(1000)}) == 1000


def test_a_code_is_the_same_however_it_is_grouped_and_in_whichever_case() -> None:
    code = recovery_code(bytes(range(BYTES)))
    spellings = (code, code.lower(), code.replace("-", ""), code.replace("-", " "))
    assert len({recovery_digest(each) for each in spellings}) == 1
