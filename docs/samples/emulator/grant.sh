export AWS_ACCESS_KEY_ID=AKIADEMOEMULATOR0001
export AWS_SECRET_ACCESS_KEY=made-up-secret-of-every-demo-key
export AWS_DEFAULT_REGION=us-east-1
url=http://127.0.0.1:8089

type=$(aws mturk create-qualification-type --endpoint-url $url --name "Took part in a shell" \
    --description "Took part in wave 1." --qualification-type-status Active \
    --query QualificationType.QualificationTypeId --output text)
aws mturk associate-qualification-with-worker --endpoint-url $url --qualification-type-id "$type" \
    --worker-id A1EXAMPLEWORKER --integer-value 80 --no-send-notification
aws mturk list-workers-with-qualification-type --endpoint-url $url --qualification-type-id "$type" \
    --query "Qualifications[].[WorkerId, IntegerValue]" --output text
