"""Builds the data that models learn from and are measured on."""
