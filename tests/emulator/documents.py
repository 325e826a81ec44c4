"""A small qualification test and its answer key."""

_SCHEMAS = "http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas"

TEST = f"""<QuestionForm xmlns="{_SCHEMAS}/2005-10-01/QuestionForm.xsd"><Question>
<QuestionIdentifier>colour</QuestionIdentifier><IsRequired>true</IsRequired>
<QuestionContent><Text>Which colour is the word?</Text></QuestionContent>
<AnswerSpecification><FreeTextAnswer/></AnswerSpecification></Question></QuestionForm>"""

ANSWER_KEY = f"""<AnswerKey xmlns="{_SCHEMAS}/2005-10-01/AnswerKey.xsd"><Question>
<QuestionIdentifier>colour</QuestionIdentifier></Question></AnswerKey>"""
