"""The database refuses to change what is immutable, whoever asks: shell, admin or a later mistake of ours.

TRUNCATE stays possible (row triggers do not fire on it): tests empty their database with it.
"""

from django.db import migrations

FORWARD = """
create function registry_refuse() returns trigger language plpgsql as $$
begin
    raise exception 'rows of % are immutable', tg_table_name using errcode = 'restrict_violation';
end $$;

create trigger registry_version_frozen before update on registry_modelversion for each row
when ((old.id, old.model_id, old.number, old.digest, old.manifest, old.lineage, old.parent_id, old.size_bytes,
       old.created_by_id, old.created_at)
      is distinct from
      (new.id, new.model_id, new.number, new.digest, new.manifest, new.lineage, new.parent_id, new.size_bytes,
       new.created_by_id, new.created_at))
execute function registry_refuse();

create trigger registry_version_kept before delete on registry_modelversion
for each row execute function registry_refuse();

create trigger registry_artifact_frozen before update or delete on registry_artifact
for each row execute function registry_refuse();

create trigger registry_aliasmove_frozen before update or delete on registry_aliasmove
for each row execute function registry_refuse();
"""

BACKWARD = """
drop trigger registry_aliasmove_frozen on registry_aliasmove;
drop trigger registry_artifact_frozen on registry_artifact;
drop trigger registry_version_kept on registry_modelversion;
drop trigger registry_version_frozen on registry_modelversion;
drop function registry_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
