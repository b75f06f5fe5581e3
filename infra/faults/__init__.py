"""Breaks everything on purpose while work goes on, then checks every record that came of it: `annal faults`."""
