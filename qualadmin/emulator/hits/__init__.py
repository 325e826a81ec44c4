"""HITs and what belongs to them: rows, indexes, rules of their life, money, notifications."""
