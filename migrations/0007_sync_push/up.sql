/* Connect: when data is read, and records written to platforms. */

/* One entry per data type that differs from the defaults: schedule, order, first link, window. */
create table client_sync_settings (
  organization_id uuid primary key references organization,
  settings jsonb not null,
  updated_at timestamptz not null
);
select secure_table('client_sync_settings', 'organization_id', 'tallystick.organization_id');
grant insert, update on client_sync_settings to tallystick_app;

create table company_sync_settings (
  organization_id uuid not null,
  company_id uuid not null,
  settings jsonb not null,
  updated_at timestamptz not null,
  primary key (organization_id, company_id),
  constraint sync_settings_of_company foreign key (organization_id, company_id)
    references company on delete cascade
);
select secure_table('company_sync_settings', 'organization_id', 'tallystick.organization_id');
grant insert, update, delete on company_sync_settings to tallystick_app;

/* A record on its way to a platform. status is as it was stored: whoever reads a pending operation
   after timeout_at sees it timed out. seq: order of requests made in one instant. */
create table push_operation (
  organization_id uuid not null,
  seq bigint generated always as identity,
  push_key uuid not null,
  company_id uuid not null,
  connection_id uuid not null,
  data_type text not null,
  status text not null check (status in ('Pending', 'Success', 'Failed', 'TimedOut')),
  status_code int not null check (status_code between 200 and 599),
  requested_at timestamptz not null,
  completed_at timestamptz,
  timeout_minutes int check (timeout_minutes > 0),
  timeout_at timestamptz,
  error_message text,
  error_number int,
  can_be_retried text,
  validation jsonb,
  changes jsonb not null default '[]',
  body jsonb not null,
  primary key (organization_id, push_key),
  constraint push_of_connection foreign key (organization_id, connection_id)
    references connection on delete cascade,
  constraint ended_push_has_end check ((status = 'Pending') = (completed_at is null))
);
create index push_by_company on push_operation (organization_id, company_id, requested_at, seq);
create index pending_push on push_operation (organization_id, connection_id)
  where status = 'Pending';
select secure_table('push_operation', 'organization_id', 'tallystick.organization_id');
grant insert, update, delete on push_operation to tallystick_app;
