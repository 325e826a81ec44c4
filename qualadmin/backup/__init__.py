"""Copies of the whole database: taken while the service works, verified, and put back."""
