/* Keys of organizations, wrapped by the master key. */

/* One row: which master key wraps, and the secret that other keys of the installation come from. */
create table key_root (
  is_only boolean primary key default true check (is_only),
  master_id bytea not null,
  wrapped bytea not null
);
grant select on key_root to tallystick_app;

create table data_key (
  organization_id uuid not null,
  version int not null check (version between 1 and 65535),
  master_id bytea not null,
  wrapped bytea not null,
  created_at timestamptz not null default now(),
  /* When nothing was left under an older version. */
  completed_at timestamptz,
  primary key (organization_id, version)
);
select secure_table('data_key', 'organization_id', 'tallystick.organization_id');
grant insert on data_key to tallystick_app;
