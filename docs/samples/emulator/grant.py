import boto3

mturk = boto3.client(
    "mturk",
    endpoint_url="http://127.0.0.1:8089",
    region_name="us-east-1",
    aws_access_key_id="AKIADEMOEMULATOR0001",
    aws_secret_access_key="made-up-secret-of-every-demo-key",
)
made = mturk.create_qualification_type(
    Name="Took part in Python", Description="Took part in wave 1.", QualificationTypeStatus="Active"
)
type_id = made["QualificationType"]["QualificationTypeId"]
mturk.associate_qualification_with_worker(
    QualificationTypeId=type_id, WorkerId="A1EXAMPLEWORKER", IntegerValue=80, SendNotification=False
)
page = mturk.list_workers_with_qualification_type(QualificationTypeId=type_id)
for row in page["Qualifications"]:
    print(row["WorkerId"], row["IntegerValue"])
