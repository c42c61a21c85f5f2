"""What networks cost, and what counters say of it."""
