"""Django's admin on the product's tables, for comparison only.

The product has no admin, and refuses to run with one.
"""
