"""The map of read models: what is known, one line each."""

from projections import history, kind, outcome, resource
from projections.projection import Projection

READ_MODELS: tuple[Projection, ...] = (
    kind.projection,
    resource.projection,
    history.projection,
    outcome.projection,
)
