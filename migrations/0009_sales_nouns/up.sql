/* Products, recurring invoices, and what was told of a due date. */

/* Archived products leave lists; documents keep the link to them. */
create table product (
  business_id uuid not null,
  product_id uuid not null,
  name text not null check (length(name) between 1 and 500),
  description text check (length(description) <= 500),
  sku text check (length(sku) <= 255),
  unit_price numeric(28, 10) not null check (unit_price >= 0),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  tax_percent numeric(9, 6) check (tax_percent between 0 and 100),
  unit text check (length(unit) <= 255),
  account_code text check (length(account_code) <= 255),
  external_id text check (length(external_id) <= 255),
  metadata jsonb not null default '{}',
  archived_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (business_id, product_id)
);
create unique index product_sku_unique on product (business_id, sku)
  where sku is not null and archived_at is null;
create unique index product_external_id_unique on product (business_id, external_id)
  where external_id is not null and archived_at is null;
create index product_by_creation on product (business_id, created_at, product_id);
select secure_table('product', 'business_id', 'tallystick.business_id');
grant insert, update on product to tallystick_app;

/* A template that makes an invoice per period; `content` is what its invoices say. `next_date` is
   the period that waits; `retry_on` the day it is tried again after a failure. */
create table recurring_invoice (
  business_id uuid not null,
  recurring_id uuid not null,
  party_id uuid not null,
  status text not null check (status in ('active', 'paused', 'completed')),
  name text check (length(name) <= 500),
  frequency text not null check (frequency in ('daily', 'weekly', 'monthly', 'quarterly', 'yearly')),
  every int not null check (every between 1 and 366),
  start_date date not null,
  end_date date,
  occurrences_max int check (occurrences_max >= 1),
  occurrences int not null default 0,
  next_date date,
  last_date date,
  due_days int not null check (due_days between 0 and 3650),
  is_sent boolean not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  total bigint not null,
  content jsonb not null,
  pause_reason text check (length(pause_reason) <= 500),
  failures int not null default 0,
  retry_on date,
  external_id text check (length(external_id) <= 255),
  metadata jsonb not null default '{}',
  deleted_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (business_id, recurring_id),
  constraint recurring_waits_for_a_date check (status = 'completed' or next_date is not null)
);
create unique index recurring_external_id_unique on recurring_invoice (business_id, external_id)
  where external_id is not null and deleted_at is null;
create index recurring_by_creation on recurring_invoice (business_id, created_at, recurring_id);
create index recurring_by_party on recurring_invoice (business_id, party_id);
create index recurring_waiting on recurring_invoice (next_date)
  where status = 'active' and deleted_at is null;
select secure_table('recurring_invoice', 'business_id', 'tallystick.business_id');
grant insert, update on recurring_invoice to tallystick_app;

/* One invoice per template and period, whatever crashes. */
create table recurring_run (
  business_id uuid not null,
  recurring_id uuid not null,
  period_date date not null,
  document_id uuid not null,
  recorded_at timestamptz not null,
  primary key (business_id, recurring_id, period_date)
);
select secure_table('recurring_run', 'business_id', 'tallystick.business_id');
select make_append_only('recurring_run');

/* Told once that a quotation expired or an invoice is overdue: per document and last day. */
create table due_notice (
  business_id uuid not null,
  document_id uuid not null,
  due_date date not null,
  recorded_at timestamptz not null,
  primary key (business_id, document_id, due_date)
);
select secure_table('due_notice', 'business_id', 'tallystick.business_id');
select make_append_only('due_notice');
