"""What a message means, found without a network: an intent with its score, or that it is none we know."""
