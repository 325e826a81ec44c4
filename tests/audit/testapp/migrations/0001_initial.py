import django.db.models.deletion
from django.db import migrations, models

AUDIT = models.ForeignKey(
    db_index=False,
    on_delete=django.db.models.deletion.DO_NOTHING,
    related_name="+",
    to="audit.auditentry",
    to_field="id",
)


class Migration(migrations.Migration):
    initial = True
    dependencies = [("audit", "0001_initial")]
    operations = [
        migrations.CreateModel(
            "Lamp",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("name", models.CharField(max_length=20, unique=True)),
                ("lit", models.BooleanField(default=False)),
                ("warmth", models.IntegerField(default=0)),
                ("audit", AUDIT.clone()),
            ],
        ),
        migrations.CreateModel(
            "Strict",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("name", models.CharField(max_length=20)),
                ("audit", AUDIT.clone()),
            ],
        ),
    ]
