"""The qualification test of the demo account: two questions about the instructions, scored in percent."""

_SCHEMAS = "http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas"

TEST = f"""<?xml version="1.0" encoding="UTF-8"?>
<QuestionForm xmlns="{_SCHEMAS}/2017-11-06/QuestionForm.xsd">
  <Overview>
    <Title>Colour words: instructions</Title>
    <FormattedContent><![CDATA[
      <p>You will see words in colours. Name the <b>colour of the letters</b>, not the word.</p>
    ]]></FormattedContent>
  </Overview>
  <Question>
    <QuestionIdentifier>stroop</QuestionIdentifier>
    <DisplayName>An example</DisplayName>
    <IsRequired>true</IsRequired>
    <QuestionContent>
      <Text>The word GREEN is written in red letters. What is the right answer?</Text>
    </QuestionContent>
    <AnswerSpecification>
      <SelectionAnswer>
        <StyleSuggestion>radiobutton</StyleSuggestion>
        <Selections>
          <Selection><SelectionIdentifier>red</SelectionIdentifier><Text>Red</Text></Selection>
          <Selection><SelectionIdentifier>green</SelectionIdentifier><Text>Green</Text></Selection>
        </Selections>
      </SelectionAnswer>
    </AnswerSpecification>
  </Question>
  <Question>
    <QuestionIdentifier>rules</QuestionIdentifier>
    <DisplayName>The rules</DisplayName>
    <IsRequired>true</IsRequired>
    <QuestionContent><Text>What is asked of you? Choose all that is true.</Text></QuestionContent>
    <AnswerSpecification>
      <SelectionAnswer>
        <MinSelectionCount>1</MinSelectionCount>
        <MaxSelectionCount>3</MaxSelectionCount>
        <StyleSuggestion>checkbox</StyleSuggestion>
        <Selections>
          <Selection><SelectionIdentifier>fast</SelectionIdentifier><Text>Answer quickly</Text></Selection>
          <Selection><SelectionIdentifier>alone</SelectionIdentifier><Text>Answer on my own</Text></Selection>
          <Selection><SelectionIdentifier>phone</SelectionIdentifier><Text>Use a phone</Text></Selection>
        </Selections>
      </SelectionAnswer>
    </AnswerSpecification>
  </Question>
</QuestionForm>
"""

ANSWER_KEY = f"""<?xml version="1.0" encoding="UTF-8"?>
<AnswerKey xmlns="{_SCHEMAS}/2005-10-01/AnswerKey.xsd">
  <Question>
    <QuestionIdentifier>stroop</QuestionIdentifier>
    <AnswerOption><SelectionIdentifier>red</SelectionIdentifier><AnswerScore>2</AnswerScore></AnswerOption>
  </Question>
  <Question>
    <QuestionIdentifier>rules</QuestionIdentifier>
    <AnswerOption>
      <SelectionIdentifier>fast</SelectionIdentifier>
      <SelectionIdentifier>alone</SelectionIdentifier>
      <AnswerScore>2</AnswerScore>
    </AnswerOption>
    <DefaultScore>0</DefaultScore>
  </Question>
  <QualificationValueMapping>
    <PercentageMapping><MaximumSummedScore>4</MaximumSummedScore></PercentageMapping>
  </QualificationValueMapping>
</AnswerKey>
"""
