"""The ledger of accuracy, and the triggers that keep it: whatever path a change of predictions or feedback takes, the
counts change in its transaction. Rows are only added, so no two writers ever wait for each other here.

An unbound truth counts nothing; neither does one of a sample that was answered without a label. A prediction that is
deleted takes its truths along, and these count nothing afterwards: in which order the two are deleted is all the same.
A day's partition that is dropped runs no triggers; services/accuracy.py forgets its minutes.
"""

from django.db import migrations, models

_INTO = 'insert into monitoring_accuracycount (deployment, revision, start, predictions, labelled, "right", folded)'
_MINUTE = "date_trunc('minute', p.at, 'UTC')"
#: Of feedback `f` and a prediction `p`: they belong together, and the sample has a label; and this was right.
_KNOWN = "p.at = f.at and p.id = f.prediction and f.sample < cardinality(p.labels)"
_RIGHT = "(p.labels[f.sample + 1] = f.truth)::int"


def _predicted(sign: str, rows: str) -> str:
    return f"""
    {_INTO} select p.deployment, p.revision, {_MINUTE}, {sign} sum(cardinality(p.labels)), 0, 0, false
    from {rows} p where p.labels <> '{{}}' group by 1, 2, 3;"""


def _labelled(signed: str, predictions: str = "inference_prediction") -> str:
    """`signed`: a query of feedback with a column `sign`."""
    return f"""
    {_INTO} select p.deployment, p.revision, {_MINUTE}, 0, sum(f.sign), sum(f.sign * {_RIGHT}), false
    from ({signed}) f join {predictions} p on {_KNOWN}
    where f.bound_at is not null group by 1, 2, 3 having sum(f.sign) <> 0 or sum(f.sign * {_RIGHT}) <> 0;"""


_COLUMNS = "prediction, at, sample, truth, bound_at"
_OF_GONE = f"select -1 as sign, {_COLUMNS} from inference_feedback where prediction in (select id from former)"
_NEW, _OLD = (f"select {sign} as sign, {_COLUMNS} from {rows}" for sign, rows in (("1", "fresh"), ("-1", "former")))

_TRIGGERS = {
    # name: (table, event, its transition tables, what it does)
    "accuracy_predicted": ("inference_prediction", "insert", "new table as fresh", _predicted("", "fresh")),
    "accuracy_unpredicted": (
        "inference_prediction",
        "delete",
        "old table as former",
        _predicted("-", "former") + _labelled(_OF_GONE, "former"),
    ),
    "accuracy_labelled": ("inference_feedback", "insert", "new table as fresh", _labelled(_NEW)),
    "accuracy_corrected": (
        "inference_feedback",
        "update",
        "old table as former new table as fresh",
        _labelled(f"{_NEW} union all {_OLD}"),
    ),
    "accuracy_unlabelled": ("inference_feedback", "delete", "old table as former", _labelled(_OLD)),
}


def _create(name: str, table: str, event: str, referencing: str, body: str) -> str:
    return f"""
create function {name}() returns trigger language plpgsql as $$
begin {body}
    return null;
end $$;
create trigger {name} after {event} on {table} referencing {referencing}
for each statement execute function {name}();
"""


FORWARD = "".join(_create(name, *parts) for name, parts in _TRIGGERS.items())
BACKWARD = "".join(
    f"drop trigger {name} on {parts[0]}; drop function {name}();" for name, parts in _TRIGGERS.items()
)
#: What was recorded before there were triggers.
_SO_FAR = _predicted("", "inference_prediction") + _labelled(f"select 1 as sign, {_COLUMNS} from inference_feedback")


class Migration(migrations.Migration):

    dependencies = [
        ('inference', '0002_predictions'),
        ('monitoring', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='AccuracyCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('deployment', models.CharField(max_length=63)),
                ('revision', models.PositiveIntegerField()),
                ('start', models.DateTimeField()),
                ('predictions', models.BigIntegerField(default=0)),
                ('labelled', models.BigIntegerField(default=0)),
                ('right', models.BigIntegerField(default=0)),
                ('folded', models.BooleanField(default=False)),
            ],
            options={
                'indexes': [
                    models.Index(fields=['deployment', 'start'], include=('revision', 'predictions', 'labelled', 'right'), name='accuracy_deployment'),
                    models.Index(condition=models.Q(('folded', False)), fields=['id'], name='accuracy_added'),
                    models.Index(fields=['start'], name='accuracy_start'),
                ],
                'constraints': [models.UniqueConstraint(condition=models.Q(('folded', True)), fields=('deployment', 'revision', 'start'), name='accuracy_folded_once')],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
        migrations.RunSQL(_SO_FAR, migrations.RunSQL.noop),
    ]
