/* Tenants, keys, and the tables of the write gate.
   A tenant of the gate is a business or an organization: both are uuids, and both have one lane. */

/* Row-level security: the second net under every tenant predicate.
   The sub-select is planned once per statement, not once per row. */
create function secure_table(target regclass, tenant_column text, setting text) returns void
language plpgsql as $$
declare
  own text := format('%I = (select nullif(current_setting(%L, true), '''')::uuid)', tenant_column, setting);
begin
  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  execute format('create policy tenant on %s to tallystick_app using (%s) with check (%s)', target, own, own);
  execute format('create policy owner on %s to tallystick_owner using (true) with check (true)', target);
  execute format('create policy reader on %s for select to tallystick_read using (true)', target);
  execute format('grant select on %s to tallystick_app, tallystick_read', target);
end $$;

/* Posted facts are never edited: neither by the application role nor, by accident, by the owner. Two
   functions alone remove some: a demo that is taken away, and events that are old. What is sealed is
   sealed anew under another key, and nothing beside it changes. */
create function refuse_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and current_user = 'tallystick_owner'
    and current_setting('tallystick.removes_demo', true) = 'on' then
    return null;
  end if;
  if tg_op = 'DELETE' and tg_table_name = 'event' and current_user = 'tallystick_owner'
    and current_setting('tallystick.forgets_events', true) = 'on' then
    return null;
  end if;
  if tg_op = 'UPDATE' and tg_level = 'STATEMENT' and current_user = 'tallystick_owner'
    and tg_table_name in ('document_file', 'document_version')
    and current_setting('tallystick.reseals', true) = 'on' then
    return null;
  end if;
  raise exception using errcode = 'TS001', constraint = 'append_only', table = tg_table_name,
    message = format('%s is append-only: %s is refused', tg_table_name, lower(tg_op));
end $$;

create function make_append_only(target regclass) returns void language plpgsql as $$
begin
  execute format(
    'create trigger append_only before update or delete or truncate on %s for each statement execute function refuse_change()',
    target);
  execute format('grant insert on %s to tallystick_app', target);
end $$;

/* Holds every other column of an append-only table while one is sealed anew. */
create function keep_all_but_seal(target regclass, sealed text) returns void language plpgsql as $$
begin
  execute format(
    'create trigger keep_all_but_seal before update on %s for each row
      when (to_jsonb(old) - %L is distinct from to_jsonb(new) - %L) execute function refuse_change()',
    target, sealed, sealed);
end $$;

create table organization (
  organization_id uuid primary key,
  name text not null check (length(name) between 1 and 250),
  slug text not null constraint organization_slug_unique unique check (slug ~ '^[a-z0-9-]{3,40}$'),
  status text not null default 'active' check (status in ('active', 'suspended', 'closing')),
  /* The e-mail address that its notices go to. */
  sealed_owner bytea,
  created_at timestamptz not null
);
select secure_table('organization', 'organization_id', 'tallystick.organization_id');
grant insert, update on organization to tallystick_app;

create table business (
  organization_id uuid not null references organization,
  business_id uuid not null constraint business_id_unique unique,
  name text not null check (length(name) between 1 and 250),
  legal_name text check (length(legal_name) <= 250),
  environment text not null check (environment in ('live', 'test')),
  status text not null default 'active' check (status in ('active', 'suspended', 'archived', 'closing')),
  suspended_at timestamptz,
  base_currency text not null check (base_currency ~ '^[A-Z]{3}$'),
  country text not null check (country ~ '^[A-Z]{2}$'),
  time_zone text not null,
  fiscal_year_start text not null check (fiscal_year_start ~ '^(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])$'),
  chart text not null check (chart in ('generic', 'nigeria')),
  tax_rounding text not null default 'document' check (tax_rounding in ('document', 'line')),
  rounding_mode text not null default 'half_up' check (rounding_mode in ('half_up', 'half_even')),
  number_at text not null default 'creation' check (number_at in ('creation', 'issue')),
  books_start date not null,
  /* What it says about itself. */
  email text check (length(email) <= 255),
  phone text check (length(phone) <= 255),
  website text check (length(website) <= 255),
  address text check (length(address) <= 255),
  city text check (length(city) <= 255),
  state text check (length(state) <= 255),
  postal_code text check (length(postal_code) <= 255),
  tax_id text check (length(tax_id) <= 255),
  registration_number text check (length(registration_number) <= 255),
  bank_details jsonb not null default '[]' check (jsonb_array_length(bank_details) <= 5),
  logo_sha256 bytea check (length(logo_sha256) = 32),
  /* Defaults for its new documents. */
  use_default_currency boolean not null default false,
  invoice_prefix text not null default 'INV-' check (invoice_prefix ~ '^[!-~]{1,20}$'),
  quotation_prefix text not null default 'QT-' check (quotation_prefix ~ '^[!-~]{1,20}$'),
  default_terms text check (length(default_terms) <= 5000),
  default_notes text check (length(default_notes) <= 5000),
  default_due_days int check (default_due_days between 0 and 3650),
  default_deposit_account_code text check (default_deposit_account_code ~ '^[0-9]{3,10}$'),
  /* How its documents look; what is left out is as it was at first. */
  document_options jsonb not null default '{}' constraint document_options_bounded check (
    jsonb_typeof(document_options) = 'object' and length(document_options::text) <= 4000),
  created_at timestamptz not null,
  updated_at timestamptz,
  primary key (organization_id, business_id)
);
select secure_table('business', 'organization_id', 'tallystick.organization_id');
grant insert, update on business to tallystick_app;

/* The plan in force of a surface is the newest row with valid_from <= today. */
create table subscription (
  organization_id uuid not null references organization,
  surface text not null check (surface in ('invoicing', 'books', 'connect')),
  plan text not null check (length(plan) between 1 and 40),
  status text not null default 'active' check (status in ('active', 'past_due', 'expired')),
  valid_from date not null,
  recorded_at timestamptz not null,
  primary key (organization_id, surface, valid_from, recorded_at)
);
select secure_table('subscription', 'organization_id', 'tallystick.organization_id');
grant insert on subscription to tallystick_app;

create table api_key (
  organization_id uuid not null references organization,
  key_id uuid not null,
  surface text not null check (surface in ('invoicing', 'books', 'connect')),
  environment text not null check (environment in ('live', 'test')),
  business_id uuid,
  hash bytea not null check (length(hash) = 32),
  pepper_version smallint not null,
  visible_start text not null,
  visible_end text not null,
  name text not null check (length(name) between 1 and 50),
  scopes text[] not null,
  business_ids uuid[],
  allowed_networks cidr[] not null default '{}',
  plan_at_issue text not null,
  created_at timestamptz not null,
  created_by text not null,
  expires_at timestamptz,
  /* The last reminder of its end that was told: so many days before it. */
  reminded_days int check (reminded_days > 0),
  revoked_at timestamptz,
  revoked_by text,
  revoke_reason text,
  disabled_at timestamptz,
  rotated_from uuid,
  overlap_until timestamptz,
  primary key (organization_id, key_id),
  constraint api_key_hash_unique unique (hash, pepper_version),
  constraint invoicing_key_has_business check (surface <> 'invoicing' or business_id is not null)
);
select secure_table('api_key', 'organization_id', 'tallystick.organization_id');
grant insert, update on api_key to tallystick_app;

/* A membership that waits for its person. Only the hash of the token is kept. */
create table invitation (
  organization_id uuid not null references organization,
  invitation_id uuid not null,
  email text not null check (length(email) between 3 and 255),
  role text not null
    check (role in ('owner', 'admin', 'accountant', 'bookkeeper', 'sales', 'viewer', 'auditor')),
  token_hash bytea not null check (length(token_hash) = 32),
  created_at timestamptz not null,
  created_by text not null,
  expires_at timestamptz not null,
  primary key (organization_id, invitation_id),
  constraint invitation_token_unique unique (token_hash)
);
select secure_table('invitation', 'organization_id', 'tallystick.organization_id');
grant insert on invitation to tallystick_app;

/* ------- the write gate: one row, one link, one record per effect ------- */

create table lane_head (
  tenant_id uuid primary key,
  entry_seq bigint not null default 0,
  link bigint not null default 0,
  event_seq bigint not null default 0,
  audit_seq bigint not null default 0,
  chain_hash bytea not null default decode(repeat('00', 32), 'hex') check (length(chain_hash) = 32),
  horizon date,
  config_version bigint not null default 0,
  recorded_at timestamptz not null default '-infinity'
);
select secure_table('lane_head', 'tenant_id', 'tallystick.tenant_id');
grant insert, update on lane_head to tallystick_app;

create table chain_link (
  tenant_id uuid not null,
  link bigint not null check (link > 0),
  recorded_at timestamptz not null,
  prev_hash bytea not null check (length(prev_hash) = 32),
  hash bytea not null check (length(hash) = 32),
  first_entry_seq bigint not null,
  last_entry_seq bigint not null,
  first_event_seq bigint not null,
  last_event_seq bigint not null,
  first_audit_seq bigint not null,
  last_audit_seq bigint not null,
  record_count int not null check (record_count > 0),
  primary key (tenant_id, link)
);
select secure_table('chain_link', 'tenant_id', 'tallystick.tenant_id');
select make_append_only('chain_link');

create table audit_row (
  tenant_id uuid not null,
  sequence bigint not null check (sequence > 0),
  at timestamptz not null,
  actor text not null,
  action text not null,
  resource text not null,
  resource_id text not null,
  reason text,
  request_id uuid,
  before text,
  after text,
  primary key (tenant_id, sequence)
);
select secure_table('audit_row', 'tenant_id', 'tallystick.tenant_id');
select make_append_only('audit_row');

create table event (
  tenant_id uuid not null,
  sequence bigint not null check (sequence > 0),
  event_id uuid not null,
  type text not null,
  resource text not null,
  resource_id text not null,
  payload jsonb not null,
  /* Members of the payload that are personal data, sealed. */
  sealed bytea,
  request_id uuid,
  actor text not null,
  at timestamptz not null,
  primary key (tenant_id, sequence)
);
select secure_table('event', 'tenant_id', 'tallystick.tenant_id');
select make_append_only('event');

create table idempotency (
  tenant_id uuid not null,
  surface text not null,
  key text not null check (length(key) between 1 and 255),
  fingerprint bytea not null check (length(fingerprint) = 32),
  status int not null,
  headers jsonb not null,
  body bytea not null,
  request_id uuid not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  primary key (tenant_id, surface, key)
);
select secure_table('idempotency', 'tenant_id', 'tallystick.tenant_id');
grant insert, update, delete on idempotency to tallystick_app;

/* A link says what the head says; checked once per commit. */
create function guard_chain_link() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  head lane_head;
begin
  select * into head from lane_head where tenant_id = new.tenant_id;
  if head.link is distinct from new.link or head.chain_hash is distinct from new.hash
    or head.entry_seq is distinct from new.last_entry_seq
    or head.event_seq is distinct from new.last_event_seq
    or head.audit_seq is distinct from new.last_audit_seq then
    raise exception using errcode = 'TS002', constraint = 'chain_link_is_head',
      message = format('link %s differs from the head of its lane', new.link);
  end if;
  return null;
end $$;
create constraint trigger chain_link_is_head after insert on chain_link
  deferrable initially deferred for each row execute function guard_chain_link();

/* An organization that speaks for itself, not for one business, sees where the lanes of its
   businesses stand and what happened there: its endpoints may listen to all of them, and a Connect
   key looks for its replies in all of them. The name sorts before "tenant", and the last name is
   asked first: a session of one tenant never gets to the second policy. */
create function is_own_tenant(tenant uuid) returns boolean language sql stable as $$
  select coalesce(current_setting('tallystick.business_id', true), '') = ''
    and exists (
      select 1 from business
      where organization_id = nullif(current_setting('tallystick.organization_id', true), '')::uuid
        and business_id = tenant)
$$;
create policy organization_of_tenant on lane_head for select to tallystick_app using (is_own_tenant(tenant_id));
create policy organization_of_tenant on event for select to tallystick_app using (is_own_tenant(tenant_id));
create policy organization_of_tenant on idempotency for select to tallystick_app using (is_own_tenant(tenant_id));
