"""Moments: dates and times as people say them, versions, and positions, after the words that lead to them."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from dateparser.date import DateDataParser

from agent.slots.cues import labels
from agent.slots.filled import Span
from agent.slots.said import Found, Said, Several
from schemas.message import JsonObject

LEADING: dict[str, str] = {
    "as_of": r"as of|as at|as (?:it|they) (?:was|were)(?: on| at)?|(?:was|were|looked)(?:\s[^.?!]{0,60}?\s(?:on|at))?",
    "since": r"since|from|after|starting",
    "until": r"until|till|before|up to|to",
    "from": r"compare|from|between|since|than|compared\s+(?:to|with)|as of|was|with(?!\s+(?:now|today)\b)",
    "to": r"to|and|until|till|with",
}
"""What stands before a moment, by the parameter that it is for."""

_MONTH = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?"
)
_WEEKDAY = "mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?"
_COUNT = r"\d{1,4}|an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve"
_UNIT = "seconds?|minutes?|hours?|days?|weeks?|months?|years?"
_CLOCK = r"(?:[01]?\d|2[0-3])(?::[0-5]\d){1,2}(?:\s?[ap]m)?|(?:1[0-2]|[1-9])\s?[ap]m|noon|midnight"
_DAY = (
    r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|\s?UTC|[+-]\d{2}:?\d{2})?)?"
    r"|\d{1,2}[./]\d{1,2}[./]\d{2,4}"
    rf"|(?:the\s+)?\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?(?:{_MONTH})(?:,?\s+\d{{4}})?"
    rf"|(?:{_MONTH})\s+\d{{1,2}}(?:st|nd|rd|th)?(?!\d)(?:,?\s+\d{{4}})?|(?:{_MONTH})\s+\d{{4}}"
    r"|the day before yesterday|yesterday|today|tomorrow|now"
    rf"|(?:(?:last|next|this|past)\s+)?(?:{_WEEKDAY})|(?:last|next)\s+(?:week|month|year)"
    rf"|(?:{_COUNT})\s+(?:{_UNIT})\s+ago|in\s+(?:{_COUNT})\s+(?:{_UNIT})"
)
MOMENT = rf"(?:(?:{_DAY})(?:\s*,?\s*(?:at\s+)?(?:{_CLOCK})(?:\s?UTC)?)?|(?:{_CLOCK})(?:\s?UTC)?)(?![\w-])"
_MOMENT = re.compile(rf"(?<![\w-]){MOMENT}", re.IGNORECASE)
_BEFORE = re.compile(r"\byesterday\b|\bago\b|\blast\s", re.IGNORECASE)
_EITHER = re.compile(r"(\d{1,2})[./](\d{1,2})[./](\d{4})")
_CLOCKED = re.compile(rf"{_CLOCK}|\bago\b|\bnow\b|\bin\b|T\d", re.IGNORECASE)
MONTHS = 12
_POSITION = r"[a-z]+:\d{1,4}:\d{1,18}"
_VERSION = r"(?:versions?\s+|v)?\d{1,9}(?![\w.:/-])"


def is_moment(parameter: str, schema: JsonObject) -> bool:
    """Say whether a parameter is a moment: by its format, or because it is called as those of the doors are."""
    return schema.get("type") == "string" and (parameter in LEADING or schema.get("format") in ("date-time", "date"))


def moment(parameter: str, schema: JsonObject, said: Said, now: datetime) -> Found | Several | None:
    """Find a moment after the words that lead to it; where only one can be meant, wherever it stands.

    The value is a time in UTC as RFC 3339 writes it, or, where the door takes them, a position or a version. Of a date
    such as 5/1/2026, both that it may be are given.
    """
    versions = parameter in ("from", "to")
    kinds = "|".join([MOMENT, *([] if "format" in schema else [_POSITION]), *([_VERSION] if versions else [])])
    leading = LEADING.get(parameter, "") or labels(parameter)
    found = said.search(
        re.compile(rf"\b(?:{leading}|{labels(parameter)})\s*[:=]?\s*((?:version\s+)?(?:{kinds}))", re.IGNORECASE)
    )
    if found is None:
        alone = parameter not in LEADING or (parameter == "as_of" and said.search(_BEFORE) is not None)
        return answer(parameter, schema, said, now) if alone else None
    return _read(parameter, schema, said, found.span(1), now)


def answer(parameter: str, schema: JsonObject, said: Said, now: datetime) -> Found | Several | None:
    """Take the one moment that a text speaks of."""
    found = list(_MOMENT.finditer(said.open))
    return _read(parameter, schema, said, found[0].span(), now) if len(found) == 1 else None


def read(text: str, now: datetime, *, past: bool = True) -> datetime | None:
    """Read a date or a time, seen from a moment; a weekday is the last one, or the next."""
    folded = re.sub(r"\b(?:the day before yesterday)\b", "2 days ago", text, flags=re.IGNORECASE)
    folded = re.sub(
        rf"\b(?:last|past|next|this)\s+(?=(?:{_WEEKDAY})\b)|\bthe\s+(?=\d)", "", folded, flags=re.IGNORECASE
    )
    try:
        return datetime.fromisoformat(folded).astimezone(UTC) if "T" in folded else _parsed(folded, now, past=past)
    except (ValueError, OverflowError):
        return None


def _read(parameter: str, schema: JsonObject, said: Said, span: Span, now: datetime) -> Found | Several | None:
    words = said.text[slice(*span)]
    if re.fullmatch(_POSITION, words):
        return Found(words, span)
    version = re.fullmatch(rf"(?:version\s+)?{_VERSION}", words, re.IGNORECASE)
    if version is not None and parameter in ("from", "to"):
        return Found(re.sub(r"\D", "", words), span)
    either = _EITHER.fullmatch(words)
    if either is not None and either[1] != either[2] and max(int(either[1]), int(either[2])) <= MONTHS:
        return tuple(f"{either[3]}-{month:0>2}-{day:0>2}" for month, day in (either.group(1, 2), either.group(2, 1)))
    time = read(words, now, past=parameter in LEADING)
    if time is None:
        return None
    if schema.get("format") == "date":
        return Found(time.date().isoformat(), span)
    if parameter != "as_of" and not _CLOCKED.search(words):
        time = time.replace(hour=0, minute=0, second=0, microsecond=0)
    return Found(time.isoformat(timespec="seconds").replace("+00:00", "Z"), span)


def _parsed(text: str, now: datetime, *, past: bool) -> datetime | None:
    found = _parser(now.astimezone(UTC).replace(tzinfo=None), past).get_date_data(text).date_obj
    if found is None:
        return None
    # Of a weekday that is today's, the last one is today.
    is_today = re.fullmatch(_WEEKDAY, text, re.IGNORECASE) and found.date() == (now - timedelta(days=7)).date()
    time: datetime = found + timedelta(days=7 if is_today else 0)
    return time.replace(tzinfo=UTC)


@lru_cache(maxsize=10)
def _parser(now: datetime, past: bool) -> DateDataParser:  # noqa: FBT001 - lru_cache keeps places, not names
    return DateDataParser(
        languages=["en"],
        settings={
            "RELATIVE_BASE": now,
            "TIMEZONE": "UTC",
            "TO_TIMEZONE": "UTC",
            "RETURN_AS_TIMEZONE_AWARE": False,
            "PREFER_DATES_FROM": "past" if past else "future",
            "PREFER_DAY_OF_MONTH": "first",
        },
    )
