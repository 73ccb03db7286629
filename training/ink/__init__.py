"""Train the network that finds ink."""
