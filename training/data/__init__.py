"""Builds the data that models are trained and evaluated on."""
