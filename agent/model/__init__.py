"""Understanding with a model: it says one of the moves, and whatever it says is held to the person's own words."""
