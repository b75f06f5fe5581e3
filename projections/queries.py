"""What lists are asked for: filters, an order, and where the page before ended."""

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from projections.openapi import AS_OF, MIN_POSITION, POSITIONS
from schemas.problems import Problem

# A NUL fits in no PostgreSQL text.
Text = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")]


class Page(BaseModel):
    """A part of a list. Every field that is no cursor is part of what the cursor is signed for."""

    model_config = ConfigDict(extra="forbid")
    limit: int = Field(50, ge=1, le=200, description="How many at the most.")
    cursor: Annotated[str, StringConstraints(max_length=4000)] | None = Field(
        None, description="From `next` of the page before; leave out for the first page."
    )
    # Said here for the API document; terms.py reads it.
    min_position: list[Annotated[str, Field(json_schema_extra={"pattern": POSITIONS})]] = Field(
        [], alias="min-position", description=MIN_POSITION
    )

    def scope(self) -> dict[str, Any]:
        """Give what decides which things are on the list, and in which order."""
        return self.model_dump(exclude={"limit", "cursor", "min_position"})


class PastPage(Page):
    """A part of a list that can be looked back to."""

    as_of: Annotated[str, StringConstraints(max_length=4000)] | None = Field(
        None, description=AS_OF, examples=["2026-01-05T09:30:00Z"]
    )


class Filter(BaseModel):
    """Which commands; times are those at which they were stored."""

    model_config = ConfigDict(extra="forbid")
    actor: Text | None = Field(None, description="Asked by this account.")
    on_behalf_of: Text | None = Field(None, description="Asked on behalf of this account.")
    subject: Text | None = Field(None, description="About this subject.", examples=["invoice-7"])
    domain: Text | None = Field(None, description="Of this domain.", examples=["resource"])
    type: list[Text] = Field(
        [],
        max_length=50,
        description="Of this type, or with a fact of it; given again, of any.",
        examples=[["resource.change"]],
    )
    address: Text | None = Field(None, description="Asked from this network address.", examples=["203.0.113.7"])
    correlation: Text | None = Field(None, description="Going back to this request.")
    status: Literal["accepted", "rejected", "expired"] | None = Field(None, description="What became of them.")
    since: AwareDatetime | None = Field(None, description="At this time or later.", examples=["2026-01-05T09:30:00Z"])
    until: AwareDatetime | None = Field(None, description="Before this time.", examples=["2026-01-06T00:00:00Z"])

    def filters(self) -> dict[str, Any]:
        """Give the filters that are asked for. Raises Problem."""
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise Problem("query_invalid", "`since` is not before `until`: nothing is in between.")
        names = set(Filter.model_fields)
        return {name: value for name, value in self.model_dump(include=names).items() if value not in (None, [])}


class AuditQuery(Filter, Page):
    """Which commands, the newest first."""


class Span(BaseModel):
    """Between what it is compared."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    since: Annotated[str, StringConstraints(max_length=4000)] = Field(
        "0", alias="from", description="A version, a moment or a position; unsaid, before the first fact."
    )
    to: Annotated[str, StringConstraints(max_length=4000)] | None = Field(
        None, description="The same; unsaid, as it is now."
    )
    min_position: list[Annotated[str, Field(json_schema_extra={"pattern": POSITIONS})]] = Field(
        [], alias="min-position", description=MIN_POSITION
    )


class FieldQuery(Page):
    """Which field."""

    field: Text = Field(description="A JSON pointer (RFC 6901).", examples=["/attributes/amount"])


class AccountQuery(PastPage):
    """Which accounts; the newest first."""

    status: Literal["active", "suspended", "closed", "erased"] | None = Field(None, description="With this status.")


class OfAccount(PastPage):
    """What of an account; the newest first."""

    account: Text | None = Field(
        None, description="Of this account; unsaid, of one's own.", examples=["0192f0c1-2d3e-7000-8000-000000000001"]
    )


class ResourceQuery(PastPage):
    """Which resources, in which order."""

    kind: Text | None = Field(None, description="Of this kind.", examples=["invoice"])
    owner: Text | None = Field(None, description="Of this owner.", examples=["alice"])
    tag: list[Text] = Field([], max_length=50, description="With this tag; given again, with all of them.")
    q: Text | None = Field(
        None, description='Words in name, tags and attributes; `"a phrase"`, `or` and `-without` are understood.'
    )
    trashed: bool = Field(False, description="In the trash, instead of those that are not.")
    sort: Literal["updated", "-updated", "created", "-created", "name", "-name"] = Field(
        "-updated", description="In which order; a minus puts the greatest first."
    )

    def filters(self) -> dict[str, Any]:
        """Give the filters that are asked for."""
        given = self.model_dump(include={"kind", "owner", "q", "trashed"}, exclude_none=True)
        return given | ({"tag": self.tag} if self.tag else {})
