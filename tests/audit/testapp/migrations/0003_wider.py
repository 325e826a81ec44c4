from django.db import migrations, models


class Migration(migrations.Migration):
    """A changed column: SQLite rebuilds the table, PostgreSQL alters a type that a guard reads."""

    dependencies = [("audittest", "0002_colour")]
    operations = [migrations.AlterField("Lamp", "colour", models.CharField(max_length=40, default="white"))]
