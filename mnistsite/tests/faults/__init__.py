"""Faults under load: kills, crashes, stopped processes, full disks, wrong clocks, damaged files."""
