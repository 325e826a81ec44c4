"""Drop the index of a foreign key where another index begins with it: two were kept up for one.

By their names, which both databases share: to alter the fields would write the tables of SQLite anew.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

REDUNDANT = (
    "core_askedtest_type_id_bb8ce6db",
    "core_change_job_id_712a0768",
    "core_change_type_id_bca99b92",
    "core_change_worker_id_29aa6a9d",
    "core_drift_worker_id_8387d74e",
    "core_hit_account_id_548fa83f",
    "core_hitwork_reading_id_ca62324d",
    "core_job_account_id_17e878b4",
    "core_job_created_by_id_818c132f",
    "core_listrule_account_id_2aaac1a5",
    "core_message_account_id_08953080",
    "core_previewrow_preview_id_8ce154a9",
    "core_qualification_type_id_a1bd5bf2",
    "core_qualificationrequest_type_id_4ad5754a",
    "core_qualificationtype_account_id_dbf1697d",
    "core_repeatkey_user_id_d4a2c914",
    "core_rulelist_rule_id_0e7c93f2",
    "core_typechange_type_id_7b877b7d",
)


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0029_worker_tags'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(f'DROP INDEX IF EXISTS "{name}"') for name in REDUNDANT],
            state_operations=[
                migrations.AlterField(
                    model_name='askedtest',
                    name='type',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='asked_tests', to='core.qualificationtype'),
                ),
                migrations.AlterField(
                    model_name='change',
                    name='job',
                    field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='core.job'),
                ),
                migrations.AlterField(
                    model_name='change',
                    name='type',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='core.qualificationtype'),
                ),
                migrations.AlterField(
                    model_name='change',
                    name='worker',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='core.worker'),
                ),
                migrations.AlterField(
                    model_name='drift',
                    name='worker',
                    field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.worker'),
                ),
                migrations.AlterField(
                    model_name='hit',
                    name='account',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='hits', to='core.requesteraccount'),
                ),
                migrations.AlterField(
                    model_name='hitwork',
                    name='reading',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='work', to='core.hitreading'),
                ),
                migrations.AlterField(
                    model_name='job',
                    name='account',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='jobs', to='core.requesteraccount'),
                ),
                migrations.AlterField(
                    model_name='job',
                    name='created_by',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='jobs', to=settings.AUTH_USER_MODEL),
                ),
                migrations.AlterField(
                    model_name='listrule',
                    name='account',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='rules', to='core.requesteraccount'),
                ),
                migrations.AlterField(
                    model_name='message',
                    name='account',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='core.requesteraccount'),
                ),
                migrations.AlterField(
                    model_name='previewrow',
                    name='preview',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='rows', to='core.preview'),
                ),
                migrations.AlterField(
                    model_name='qualification',
                    name='type',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='qualifications', to='core.qualificationtype'),
                ),
                migrations.AlterField(
                    model_name='qualificationrequest',
                    name='type',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='requests', to='core.qualificationtype'),
                ),
                migrations.AlterField(
                    model_name='qualificationtype',
                    name='account',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='types', to='core.requesteraccount'),
                ),
                migrations.AlterField(
                    model_name='repeatkey',
                    name='user',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
                ),
                migrations.AlterField(
                    model_name='rulelist',
                    name='rule',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.listrule'),
                ),
                migrations.AlterField(
                    model_name='typechange',
                    name='type',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='type_changes', to='core.qualificationtype'),
                ),
            ],
        ),
    ]
