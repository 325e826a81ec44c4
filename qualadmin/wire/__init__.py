"""Amazon's protocol from the side that answers: AWS JSON 1.1, its errors, checks and signatures. Plain Python.

The emulator speaks it to play Amazon, the endpoint at /mturk/ to stand in front of it.
"""
