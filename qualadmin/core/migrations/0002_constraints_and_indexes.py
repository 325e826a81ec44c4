from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0001_initial'),
    ]

    operations = [
        migrations.AddConstraint(
            model_name='qualificationtype',
            constraint=models.UniqueConstraint(fields=('account', 'mturk_id'), name='type_once_per_account'),
        ),
        migrations.AddConstraint(
            model_name='qualificationtype',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['requested', 'live'])), fields=('account', 'name'), name='type_name_once_per_account'),
        ),
        migrations.AddConstraint(
            model_name='roleassignment',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('user', 'role', 'account'), name='one_current_assignment'),
        ),
        migrations.AddConstraint(
            model_name='roleassignment',
            constraint=models.UniqueConstraint(condition=models.Q(('account', None), ('ended_at', None)), fields=('user', 'role'), name='one_current_assignment_for_all'),
        ),
        migrations.AddIndex(
            model_name='job',
            index=models.Index(fields=['account', '-created_at'], name='job_list'),
        ),
        migrations.AddIndex(
            model_name='job',
            index=models.Index(fields=['account', 'state'], name='job_runnable'),
        ),
        migrations.AddIndex(
            model_name='job',
            index=models.Index(fields=['created_by', '-created_at'], name='job_of_person'),
        ),
        migrations.AddConstraint(
            model_name='studyinvestigator',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('study', 'user'), name='one_current_investigator'),
        ),
        migrations.AddIndex(
            model_name='qualificationrequest',
            index=models.Index(condition=models.Q(('state', 'waiting')), fields=['type', 'worker'], name='request_waiting'),
        ),
        migrations.AddIndex(
            model_name='qualificationrequest',
            index=models.Index(fields=['state', 'submitted_at'], name='request_oldest'),
        ),
        migrations.AddIndex(
            model_name='qualificationrequest',
            index=models.Index(fields=['state', 'type', 'submitted_at'], name='request_of_type'),
        ),
        migrations.AddConstraint(
            model_name='qualificationrequest',
            constraint=models.UniqueConstraint(fields=('type', 'mturk_id'), name='request_once'),
        ),
        migrations.AddIndex(
            model_name='qualification',
            index=models.Index(fields=['type', 'status', 'value'], name='qualification_histogram'),
        ),
        migrations.AddIndex(
            model_name='qualification',
            index=models.Index(fields=['type', 'id'], name='qualification_holders'),
        ),
        migrations.AddConstraint(
            model_name='qualification',
            constraint=models.UniqueConstraint(fields=('type', 'worker'), name='one_qualification_per_worker'),
        ),
        migrations.AddIndex(
            model_name='previewrow',
            index=models.Index(fields=['preview', 'group', 'n'], name='preview_row_group'),
        ),
        migrations.AddConstraint(
            model_name='previewrow',
            constraint=models.UniqueConstraint(fields=('preview', 'n'), name='preview_row_order'),
        ),
        migrations.AddIndex(
            model_name='change',
            index=models.Index(fields=['job', 'n'], name='change_of_job'),
        ),
        migrations.AddIndex(
            model_name='change',
            index=models.Index(fields=['job', 'state', 'n'], name='change_by_outcome'),
        ),
        migrations.AddIndex(
            model_name='change',
            index=models.Index(fields=['worker', '-id'], name='change_of_worker'),
        ),
        migrations.AddIndex(
            model_name='change',
            index=models.Index(condition=models.Q(('state', 'planned')), fields=['job', 'id'], name='change_planned'),
        ),
        migrations.AddIndex(
            model_name='change',
            index=models.Index(condition=models.Q(('state__in', ['sending', 'unknown'])), fields=['state', 'due_at'], name='change_in_flight'),
        ),
        migrations.AddIndex(
            model_name='change',
            index=models.Index(condition=models.Q(('state__in', ['planned', 'sending', 'unknown'])), fields=['type', 'worker', 'id'], name='change_open'),
        ),
        migrations.AddIndex(
            model_name='change',
            index=models.Index(fields=['finished_at', 'state', 'verb', 'job'], name='change_finished'),
        ),
        migrations.AddIndex(
            model_name='change',
            index=models.Index(fields=['type', 'job'], name='change_of_type'),
        ),
        migrations.AddConstraint(
            model_name='change',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['sending', 'unknown'])), fields=('type', 'worker'), name='one_call_in_flight'),
        ),
    ]
