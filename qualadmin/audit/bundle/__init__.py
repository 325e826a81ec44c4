"""The log, or a part of it, as one ZIP that proves itself: `writing.write_bundle`, and `verify.py` in it.

verify.py runs without the rest: it imports nothing of ours, and nothing here imports it.
"""
