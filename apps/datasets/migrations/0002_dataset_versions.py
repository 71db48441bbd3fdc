import apps.core.clock
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


FORWARD = """
create trigger datasets_version_frozen before update or delete on datasets_datasetversion
for each row execute function registry_refuse();

create trigger datasets_sample_frozen before update on datasets_sample for each row
when ((old.id, old.version_id, old.position, old.slices, old.declared)
      is distinct from (new.id, new.version_id, new.position, new.slices, new.declared)
      or (old.label is distinct from new.label and not new.erased)
      or (old.erased and not new.erased))
execute function registry_refuse();

create trigger datasets_sample_kept before delete on datasets_sample
for each row execute function registry_refuse();

create trigger datasets_samplefile_frozen before update on datasets_samplefile
for each row execute function registry_refuse();
"""

BACKWARD = """
drop trigger datasets_samplefile_frozen on datasets_samplefile;
drop trigger datasets_sample_kept on datasets_sample;
drop trigger datasets_sample_frozen on datasets_sample;
drop trigger datasets_version_frozen on datasets_datasetversion;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('datasets', '0001_initial'),
        ('registry', '0002_frozen_rows'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Dataset',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=63, unique=True)),
                ('created_at', models.DateTimeField(default=apps.core.clock.now)),
                ('next_number', models.PositiveIntegerField(default=1)),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='DatasetVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('digest', models.CharField(max_length=64)),
                ('samples_count', models.PositiveIntegerField()),
                ('counts', models.JSONField()),
                ('inputs', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=63), size=None)),
                ('source', models.JSONField(default=dict)),
                ('created_at', models.DateTimeField(default=apps.core.clock.now)),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('dataset', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='datasets.dataset')),
            ],
            options={
                'ordering': ['-pk'],
                'permissions': [('freeze_datasetversion', 'Can freeze dataset versions')],
            },
        ),
        migrations.CreateModel(
            name='Sample',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField()),
                ('label', models.TextField()),
                ('slices', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), default=list, size=None)),
                ('predictions', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), default=list, size=None)),
                ('subjects', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), default=list, size=None)),
                ('declared', models.BooleanField(default=False)),
                ('erased', models.BooleanField(default=False)),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='samples', to='datasets.datasetversion')),
            ],
        ),
        migrations.CreateModel(
            name='SampleFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('input', models.CharField(max_length=63)),
                ('asset', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='datasets.asset')),
                ('sample', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='files', to='datasets.sample')),
            ],
        ),
        migrations.AddConstraint(
            model_name='datasetversion',
            constraint=models.UniqueConstraint(fields=('dataset', 'number'), name='dataset_number_once'),
        ),
        migrations.AddConstraint(
            model_name='datasetversion',
            constraint=models.UniqueConstraint(fields=('dataset', 'digest'), name='dataset_digest_once'),
        ),
        migrations.AddIndex(
            model_name='sample',
            index=django.contrib.postgres.indexes.GinIndex(fastupdate=False, fields=['subjects'], name='sample_subjects'),
        ),
        migrations.AddConstraint(
            model_name='sample',
            constraint=models.UniqueConstraint(fields=('version', 'position'), name='sample_position_once'),
        ),
        migrations.AddConstraint(
            model_name='samplefile',
            constraint=models.UniqueConstraint(fields=('sample', 'input'), name='sample_input_once'),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
