from django.db import migrations, models


class Migration(migrations.Migration):
    """A column with a default: SQLite rebuilds the table and drops its triggers."""

    dependencies = [("audittest", "0001_initial")]
    operations = [migrations.AddField("Lamp", "colour", models.CharField(max_length=20, default="white"))]
