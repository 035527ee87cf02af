"""Repeatable measurements, printed as ratios against peers of the same run: `make bench`."""
