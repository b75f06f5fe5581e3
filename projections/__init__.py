"""What is known: read models made from facts, and the door that answers from them."""
