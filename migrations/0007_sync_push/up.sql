/* Connect: when data is read, a platform that plays a script, and records written to platforms.
   Ledger: what a close leaves behind. */

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

/* Scenario and seed of a connection to synthetic books. */
alter table connection add column script jsonb;

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

/* A closed month: its trial balance is kept and sealed by the hash chain (record S). */
create table period_close (
  business_id uuid not null,
  close_id uuid not null,
  through_date date not null,
  entry_count bigint not null check (entry_count >= 0),
  snapshot_sha256 text not null check (snapshot_sha256 ~ '^[0-9a-f]{64}$'),
  checklist jsonb not null,
  reason text not null check (length(reason) between 1 and 500),
  closed_by text not null,
  recorded_at timestamptz not null,
  link bigint not null,
  superseded_by uuid,
  primary key (business_id, close_id)
);
create index period_close_by_date on period_close (business_id, through_date, recorded_at);
select secure_table('period_close', 'business_id', 'tallystick.business_id');
grant insert on period_close to tallystick_app;
grant update (superseded_by) on period_close to tallystick_app;

/* One row per account, currency and bucket with anything on it up to the last day. */
create table period_close_balance (
  business_id uuid not null,
  close_id uuid not null,
  account_id uuid not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  bucket smallint not null check (bucket in (0, 1)),
  debit_base bigint not null,
  credit_base bigint not null,
  debit bigint not null,
  credit bigint not null,
  primary key (business_id, close_id, account_id, currency, bucket)
);
select secure_table('period_close_balance', 'business_id', 'tallystick.business_id');
select make_append_only('period_close_balance');
