/* Connect: companies of an organization, their links to platforms, and what was read from them. */

/* products: those of the client that the company uses, in the order in which they were added. */
create table company (
  organization_id uuid not null references organization,
  company_id uuid not null,
  name text not null check (length(name) between 1 and 250),
  description text,
  tags jsonb not null default '{}',
  created_at timestamptz not null,
  created_by_name text,
  products text[] not null default '{}',
  primary key (organization_id, company_id)
);
create index company_by_creation on company (organization_id, created_at, company_id);
select secure_table('company', 'organization_id', 'tallystick.organization_id');
grant insert, update, delete on company to tallystick_app;

/* business_id: the books behind a connection of the native platform, once it was linked.
   script: scenario and seed of a connection to synthetic books. */
create table connection (
  organization_id uuid not null,
  connection_id uuid not null,
  company_id uuid not null,
  platform_key text not null check (platform_key ~ '^[a-z]{4}$'),
  source_type text not null check (
    source_type in ('Accounting', 'Banking', 'BankFeed', 'Commerce', 'Expense', 'Other')),
  status text not null check (status in ('PendingAuth', 'Linked', 'Unlinked', 'Deauthorized')),
  business_id uuid,
  script jsonb,
  info jsonb not null default '{}',
  errors jsonb not null default '[]',
  created_at timestamptz not null,
  linked_at timestamptz,
  unlinked_at timestamptz,
  primary key (organization_id, connection_id),
  constraint connection_of_company foreign key (organization_id, company_id)
    references company on delete cascade,
  constraint connection_of_business foreign key (organization_id, business_id) references business,
  constraint linked_connection_was_linked check (
    status in ('PendingAuth', 'Deauthorized') or linked_at is not null)
);
create unique index connection_category_taken on connection (organization_id, company_id, source_type)
  where status = 'Linked' and source_type in ('Accounting', 'BankFeed');
create index connection_by_company on connection (organization_id, company_id, created_at, connection_id);
select secure_table('connection', 'organization_id', 'tallystick.organization_id');
grant insert, update, delete on connection to tallystick_app;

/* seq: order of requests made in one instant. */
create table dataset (
  organization_id uuid not null,
  seq bigint generated always as identity,
  dataset_id uuid not null,
  company_id uuid not null,
  connection_id uuid not null,
  data_type text not null,
  status text not null check (status in (
    'Initial', 'Queued', 'Fetching', 'MapQueued', 'Mapping', 'ValidationQueued', 'Validating',
    'ProcessingQueued', 'Processing', 'Complete', 'FetchError', 'MapError', 'ValidationError',
    'ProcessingError', 'InternalError', 'AuthError', 'PermissionsError', 'RateLimitError',
    'PrerequisiteNotMet', 'NotSupported', 'Cancelled')),
  progress int not null check (progress between 0 and 100),
  status_description text,
  error_message text,
  requested_at timestamptz not null,
  completed_at timestamptz,
  primary key (organization_id, dataset_id),
  constraint dataset_of_connection foreign key (organization_id, connection_id)
    references connection on delete cascade,
  constraint complete_dataset_has_end check (status <> 'Complete' or completed_at is not null)
);
create index dataset_by_type on dataset (organization_id, connection_id, data_type, requested_at, seq);
create index dataset_by_company on dataset (organization_id, company_id, requested_at, seq);
create index dataset_complete on dataset (organization_id, connection_id, completed_at)
  where status = 'Complete';
select secure_table('dataset', 'organization_id', 'tallystick.organization_id');
grant insert, update, delete on dataset to tallystick_app;

/* Canonical records as they stood when a connection was last read; position is their order. */
create table record (
  organization_id uuid not null,
  connection_id uuid not null,
  data_type text not null,
  record_id text not null,
  position bigint not null,
  body jsonb not null,
  primary key (organization_id, connection_id, data_type, record_id),
  constraint record_of_connection foreign key (organization_id, connection_id)
    references connection on delete cascade
);
create index record_by_position on record (organization_id, connection_id, data_type, position);
select secure_table('record', 'organization_id', 'tallystick.organization_id');
grant insert, update, delete on record to tallystick_app;
