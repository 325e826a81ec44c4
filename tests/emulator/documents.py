"""A small qualification test and its answer key."""

from tests.questions.documents import form, key, question, scored, selections

TEST = form(question("colour", selections("red", "green"), "<Text>Which colour is the word?</Text>"))
"""One question of two selections."""
FREE_TEXT_TEST = form(question("colour", "<FreeTextAnswer/>"))
ANSWER_KEY = key(scored("colour", ("red", 70)))
