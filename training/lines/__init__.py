"""Train and calibrate the line reader."""
