"""Hours of everything at once: jobs, faults, kills, and what must hold all the same."""
