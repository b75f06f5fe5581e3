"""What a model costs, and how much of it a person may use in a day."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Budget:
    """Prices in millionths for 1,000 tokens; of tokens and of millionths what one person may use a day, 0 any."""

    price_in: int = 0
    price_out: int = 0
    tokens_a_day: int = 0
    cost_a_day: int = 0

    def cost(self, tokens_in: int, tokens_out: int) -> int:
        """Give what a call costs in millionths, rounded up."""
        return -(-(tokens_in * self.price_in + tokens_out * self.price_out) // 1_000)

    def allows(self, spent: Mapping[str, int], tokens_in: int, tokens_out: int) -> bool:
        """Say whether a call of that size still fits into the day."""
        tokens = spent["tokens"] + tokens_in + tokens_out
        cost = spent["cost"] + self.cost(tokens_in, tokens_out)
        return tokens <= (self.tokens_a_day or tokens) and cost <= (self.cost_a_day or cost)
