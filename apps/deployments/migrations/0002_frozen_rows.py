"""The database keeps a revision as it was requested and an approval as it was given, whoever asks it to change them.

TRUNCATE stays possible (row triggers do not fire on it): tests empty their database with it.
"""

from django.db import migrations

FORWARD = """
create function deployments_refuse() returns trigger language plpgsql as $$
begin
    raise exception 'rows of % are immutable', tg_table_name using errcode = 'restrict_violation';
end $$;

create trigger deployments_revision_frozen before update on deployments_revision for each row
when ((old.id, old.deployment_id, old.number, old.version_id, old.spec, old.digest, old.requested_by_id, old.requested_at)
      is distinct from
      (new.id, new.deployment_id, new.number, new.version_id, new.spec, new.digest, new.requested_by_id, new.requested_at))
execute function deployments_refuse();

create trigger deployments_approval_frozen before update on deployments_revision for each row
when (old.approved_by_id is not null
      and (old.approved_by_id, old.approved_at) is distinct from (new.approved_by_id, new.approved_at))
execute function deployments_refuse();

create trigger deployments_revision_kept before delete on deployments_revision
for each row execute function deployments_refuse();

create trigger deployments_stage_frozen before update or delete on deployments_stage
for each row execute function deployments_refuse();
"""

BACKWARD = """
drop trigger deployments_stage_frozen on deployments_stage;
drop trigger deployments_revision_kept on deployments_revision;
drop trigger deployments_approval_frozen on deployments_revision;
drop trigger deployments_revision_frozen on deployments_revision;
drop function deployments_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("deployments", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
