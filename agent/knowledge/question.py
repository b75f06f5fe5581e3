"""What a question is about, without the words that only ask."""

import re

_ASKING = re.compile(
    r"(?:please |can you |could you |would you )*"
    r"(?:(?:what|where) (?:do|does|is|stands)(?: in)? (?:the |our |my )?"
    r"(?:docs?|documents?|documentation|manuals?|handbooks?|guides?|files?|knowledge base)(?: say| tell| have)?"
    r"(?: about| on| of)?"
    r"|(?:tell me|explain|look up|find out|do you know|i want to know|search for)(?: to me)?(?: about| of| for)?"
    r"|(?:where do i find|show me)(?: the)? (?:docs?|documents?|documentation|manuals?|guides?)"
    r"(?: about| on| of| for)?)\s+",
    re.IGNORECASE,
)


def subject_of(question: str) -> str:
    """Give a question without `what does the manual say about` and the like; all of it where nothing else is left."""
    said = " ".join(question.split())
    return _ASKING.sub("", said, count=1) if _ASKING.match(said) else said
