"""The audit table takes entries and gives none back, whoever asks; its end is kept apart; accounts name their person.

A superuser of the database may still switch the triggers off: then `manage.py audit_verify` finds what was done.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

FORWARD = """
create function core_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'rows of % are kept for good: % is refused', tg_table_name, lower(tg_op)
        using errcode = 'restrict_violation';
end $$;

create trigger core_audit_kept before update or delete on core_auditentry
for each statement execute function core_append_only();
create trigger core_audit_not_emptied before truncate on core_auditentry
for each statement execute function core_append_only();

insert into core_audithead (id, sequence, hash)
select 1, sequence, hash from core_auditentry order by sequence desc limit 1;

create function core_audit_chain() returns trigger language plpgsql as $$
declare
    ending core_audithead;
begin
    select * into ending from core_audithead where id = 1 for update;
    if found and (new.sequence, new.previous_hash) is distinct from (ending.sequence + 1, ending.hash) then
        raise exception 'audit entry % does not continue entry %', new.sequence, ending.sequence
            using errcode = 'restrict_violation';
    end if;
    insert into core_audithead (id, sequence, hash) values (1, new.sequence, new.hash)
    on conflict (id) do update set sequence = excluded.sequence, hash = excluded.hash;
    return null;
end $$;
create trigger core_audit_chained after insert on core_auditentry
for each row execute function core_audit_chain();

create function core_audit_head_own() returns trigger language plpgsql as $$
begin
    if pg_trigger_depth() < 2 then
        raise exception 'the head of the audit chain moves with the chain alone' using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger core_audit_head_moves before insert or update on core_audithead
for each row execute function core_audit_head_own();
create trigger core_audit_head_kept before delete on core_audithead
for each statement execute function core_append_only();
create trigger core_audit_head_not_emptied before truncate on core_audithead
for each statement execute function core_append_only();

create function core_user_owner_is_a_person() returns trigger language plpgsql as $$
begin
    if exists (select from core_user where id = new.owner_id and owner_id is not null)
        or exists (select from core_user where owner_id = new.id) then
        raise exception 'the owner of a service account is a person' using errcode = 'check_violation';
    end if;
    return new;
end $$;
create trigger core_user_owner before insert or update of owner_id on core_user
for each row when (new.owner_id is not null) execute function core_user_owner_is_a_person();
"""

BACKWARD = """
drop trigger core_user_owner on core_user;
drop function core_user_owner_is_a_person();
drop trigger core_audit_head_not_emptied on core_audithead;
drop trigger core_audit_head_kept on core_audithead;
drop trigger core_audit_head_moves on core_audithead;
drop function core_audit_head_own();
drop trigger core_audit_chained on core_auditentry;
drop function core_audit_chain();
drop trigger core_audit_not_emptied on core_auditentry;
drop trigger core_audit_kept on core_auditentry;
drop function core_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="AuditHead",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("sequence", models.PositiveBigIntegerField()),
                ("hash", models.CharField(max_length=64)),
            ],
            options={"constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="audit_head_once")]},
        ),
        migrations.AddField(
            model_name="user",
            name="owner",
            field=models.ForeignKey(
                blank=True,
                help_text="For a service account: the person it acts for. The two count as one when something is approved.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="service_accounts",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(("owner", models.F("id")), _negated=True), name="user_owner_is_another"
            ),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
