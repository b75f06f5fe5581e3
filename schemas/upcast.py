"""Yesterday's facts read as today's, where a default does not do.

A fact that gains a field with a default needs nothing here. One whose meaning changed is a new class with a type of its
own, and what the old one left in the journals is read in the form of the new one by a function in this table. It takes
the record as its contract has it, `meta` and the fact's own fields as plain values, and returns that of today; `meta`
then names today's type, and what is left out takes its default.
"""

from collections.abc import Callable, Mapping
from typing import Any

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]

UPCASTERS: Mapping[tuple[str, int], Upcaster] = {}
"""By the name and version of the contract as it was, such as `("annal.resource.ResourceNamed", 1)`."""
