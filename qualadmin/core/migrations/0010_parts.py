from django.db import migrations, models


def name_what_is_prepared(apps, schema_editor):
    """Jobs that are being prepared at this moment: until now there was only one reason for that."""
    apps.get_model("core", "Job").objects.filter(state="preparing").update(prepares="list")


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0009_watching'),
    ]

    operations = [
        migrations.AddField(
            model_name='job',
            name='prepares',
            field=models.CharField(blank=True, choices=[('list', 'The lines of the list become changes'), ('approved', 'What came true while it waited is left out'), ('retry', 'What failed is planned again')], max_length=8),
        ),
        migrations.RunPython(name_what_is_prepared, migrations.RunPython.noop),
    ]
