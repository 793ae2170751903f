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

/*
 * Personal data of parties: a sealed JSON object of the members that were columns, and an index that
 * finds an e-mail address without showing it. SQL cannot seal, so parties that exist stop this step;
 * no release came before it.
 */
do $$
begin
  if exists (select from party) then
    raise exception 'parties were kept in clear before the first release; begin with an empty database';
  end if;
end $$;
alter table party
  drop column email, drop column phone, drop column address, drop column city, drop column state,
  drop column postal_code, drop column tax_id,
  add column sealed bytea,
  add column email_index bytea;
create index party_by_email on party (business_id, email_index) where email_index is not null;

/* Members of the payload that are personal data, sealed. */
alter table event add column sealed bytea;
