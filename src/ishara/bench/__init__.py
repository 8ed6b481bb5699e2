"""How fast a recogniser is here, what it needs, and whether that is within a budget."""
