"""Numbers as people write and say them: `1,200.50`, `€ 99`, `1200 EUR`, `twelve hundred`, `the third`."""

import re
from collections.abc import Iterator

from text_to_num import text2num

from agent.slots.said import Found

_CURRENCY = r"(?:[€$£¥]|\b(?:EUR|USD|GBP|CHF|euros?|dollars?|pounds?)\b)"
FIGURES = (
    rf"(?:{_CURRENCY}\s?)?[-+]?\d{{1,15}}(?:[,.' ’]\d{{3}}(?!\d)){{0,5}}(?:[.,]\d{{1,15}})?"  # noqa: RUF001 - between thousands
    rf"(?![\w:/-]|[.,]\d)(?:\s?{_CURRENCY}|\s?%)?"
)
_FIGURES = re.compile(rf"(?<![\w.,:/-])(?:{FIGURES}|\d{{1,9}}(?:st|nd|rd|th)\b)", re.IGNORECASE)
_DIGITS = re.compile(r"[-+]?\d[\d,.' ’]*")  # noqa: RUF001 - likewise

_WORD = (
    "seventeen|thirteen|fourteen|eighteen|nineteen|thousand|fifteen|sixteen|seventy|hundred|million|eleven|twelve|twenty"
    "|thirty|eighty|ninety|forty|fifty|sixty|three|seven|eight|zero|four|five|nine|one|two|six|ten"
)
_PLACES = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
ORDINALS = {name: place for place, name in enumerate(_PLACES, 1)}
WORDS = rf"\b(?:{_WORD})(?:(?:[\s-]|\s+and\s+)(?:{_WORD})){{0,12}}\b"
_WORDS = re.compile(WORDS, re.IGNORECASE)
_ORDINAL = re.compile(rf"\b(?:{'|'.join(ORDINALS)})\b", re.IGNORECASE)


def numbers(text: str) -> Iterator[Found]:
    """Give every number in a text, in figures, in words and as an ordinal, each with its place."""
    for found in _FIGURES.finditer(text):
        yield Found(figure(found.group()), found.span())
    for found in _WORDS.finditer(text):
        value = spelt(found.group())
        # A lone "one" is a pronoun: this one, the other one.
        if value is not None and found.group().lower() != "one":
            yield Found(value, found.span())
    for found in _ORDINAL.finditer(text):
        yield Found(ORDINALS[found.group().lower()], found.span())


def figure(text: str) -> int | float:
    """Read figures; the last of comma and dot is the decimal sign, unless it stands before three figures as commas do.

    Raises ValueError for what holds none.
    """
    found = _DIGITS.search(text)
    if found is None:
        raise ValueError(text)
    digits = re.sub(r"[' ’]", "", found.group()).rstrip(",.")  # noqa: RUF001 - likewise
    if re.fullmatch(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?", digits):
        digits = digits.replace(",", "")
    elif re.fullmatch(r"[-+]?\d{1,3}(\.\d{3})+,\d+|[-+]?\d{1,3}(\.\d{3}){2,}", digits):
        digits = digits.replace(".", "").replace(",", ".")
    else:
        digits = digits.replace(",", ".")
    value = float(digits)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def spelt(text: str) -> int | None:
    """Read a number in words; None for what is none."""
    try:
        return int(text2num(text.lower(), "en"))
    except ValueError:
        return None
