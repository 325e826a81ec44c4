"""Amazon's question documents: QuestionForm, AnswerKey, QuestionFormAnswers. Text in, checked values and a score
out; nothing here knows Django, Amazon or the rest of the project."""
