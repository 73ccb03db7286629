"""Read lines of writing as a whole."""
