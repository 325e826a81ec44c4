"""All tables in one step. Databases that began before it go on with the steps it replaces."""

import django.db.models.deletion
import django.db.models.functions.comparison
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [
        ('audit', '0001_initial'),
        ('audit', '0002_index_by_person'),
        ('audit', '0003_index_by_person_and_outcome'),
        ('audit', '0004_checkpoints'),
        ('audit', '0005_index_by_stream'),
        ('audit', '0006_erasures'),
    ]

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='AuditCheckpoint',
            fields=[
                ('size', models.BigIntegerField(primary_key=True, serialize=False)),
                ('root', models.BinaryField(max_length=32)),
                ('note', models.TextField()),
                ('sealed_at', models.DateTimeField()),
            ],
            options={
                'db_table': 'audit_checkpoint',
            },
        ),
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('seq', models.BigIntegerField(primary_key=True, serialize=False)),
                ('id', models.UUIDField(unique=True)),
                ('stream', models.CharField(max_length=80)),
                ('stream_seq', models.BigIntegerField()),
                ('recorded_at', models.DateTimeField()),
                ('occurred_at', models.DateTimeField(null=True)),
                ('actor_kind', models.CharField(max_length=12)),
                ('actor_id', models.CharField(max_length=64, null=True)),
                ('actor_label', models.CharField(max_length=200)),
                ('obo_id', models.CharField(max_length=64, null=True)),
                ('obo_label', models.CharField(max_length=200, null=True)),
                ('action', models.CharField(max_length=64)),
                ('outcome', models.CharField(max_length=8)),
                ('severity', models.CharField(max_length=8)),
                ('target_type', models.CharField(max_length=32, null=True)),
                ('target_id', models.CharField(max_length=64, null=True)),
                ('target_label', models.CharField(max_length=200, null=True)),
                ('subject', models.UUIDField(null=True)),
                ('parent', models.BigIntegerField(null=True)),
                ('job', models.CharField(max_length=64, null=True)),
                ('request_id', models.CharField(max_length=64, null=True)),
                ('ip', models.CharField(max_length=45, null=True)),
                ('aws_request_id', models.CharField(max_length=100, null=True)),
                ('core', models.BinaryField()),
                ('leaf', models.BinaryField(max_length=32)),
            ],
            options={
                'db_table': 'audit_entry',
                'indexes': [models.Index(fields=['stream', 'seq'], name='audit_stream_log'), models.Index(fields=['action', 'seq'], name='audit_action'), models.Index(fields=['outcome', 'seq'], name='audit_outcome'), models.Index(fields=['actor_id', 'seq'], name='audit_actor'), models.Index(django.db.models.functions.comparison.Coalesce('obo_id', 'actor_id'), models.F('seq'), name='audit_person'), models.Index(django.db.models.functions.comparison.Coalesce('obo_id', 'actor_id'), models.F('action'), models.F('seq'), name='audit_person_action'), models.Index(django.db.models.functions.comparison.Coalesce('obo_id', 'actor_id'), models.F('outcome'), models.F('seq'), name='audit_person_outcome'), models.Index(fields=['target_type', 'target_id', 'seq'], name='audit_target'), models.Index(fields=['recorded_at'], name='audit_recorded'), models.Index(condition=models.Q(('subject__isnull', False)), fields=['subject', 'seq'], name='audit_subject'), models.Index(condition=models.Q(('job__isnull', False)), fields=['job', 'seq'], name='audit_job'), models.Index(condition=models.Q(('parent__isnull', False)), fields=['parent'], name='audit_parent'), models.Index(condition=models.Q(('request_id__isnull', False)), fields=['request_id'], name='audit_request')],
                'constraints': [models.UniqueConstraint(fields=('stream', 'stream_seq'), name='audit_stream_seq')],
            },
        ),
        migrations.CreateModel(
            name='AuditErasure',
            fields=[
                ('seq', models.BigIntegerField(primary_key=True, serialize=False)),
                ('entry', models.ForeignKey(on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='audit.auditentry', to_field='id')),
            ],
            options={
                'db_table': 'audit_erasure',
            },
        ),
        migrations.CreateModel(
            name='AuditHead',
            fields=[
                ('id', models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('size', models.BigIntegerField(default=0)),
                ('frontier', models.BinaryField(default=b'')),
                ('recorded_us', models.BigIntegerField(default=0)),
            ],
            options={
                'db_table': 'audit_head',
            },
        ),
        migrations.CreateModel(
            name='AuditPayload',
            fields=[
                ('seq', models.BigIntegerField(primary_key=True, serialize=False)),
                ('salt', models.BinaryField(max_length=32)),
                ('body', models.BinaryField()),
            ],
            options={
                'db_table': 'audit_payload',
            },
        ),
        migrations.CreateModel(
            name='AuditStream',
            fields=[
                ('name', models.CharField(max_length=80, primary_key=True, serialize=False)),
                ('size', models.BigIntegerField()),
            ],
            options={
                'db_table': 'audit_stream',
            },
        ),
    ]
