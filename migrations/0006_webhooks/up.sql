/* Webhooks: endpoints and their secrets, what is delivered to them, and how it went.
   Everything belongs to an organization; business_id narrows an endpoint to one business. */

create table endpoint (
  organization_id uuid not null references organization,
  endpoint_id uuid not null,
  surface text not null check (surface in ('invoicing', 'books', 'connect')),
  environment text not null check (environment in ('live', 'test')),
  business_id uuid,
  url text not null check (length(url) between 1 and 2048),
  description text check (length(description) <= 500),
  events text[] not null check (cardinality(events) > 0),
  /* JSON of static headers, sealed: they may carry credentials. */
  sealed_headers bytea,
  company_tags text[] not null default '{}',
  is_ordered boolean not null default false,
  /* Both or neither: the seed is sealed, the public half is shown. */
  sealed_seed bytea,
  public_key text,
  status text not null default 'enabled' check (status in ('enabled', 'disabled')),
  disabled_reason text check (disabled_reason in ('manual', 'failures', 'gone')),
  consecutive_failures int not null default 0 check (consecutive_failures >= 0),
  failing_since timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz,
  primary key (organization_id, endpoint_id),
  constraint endpoint_of_business foreign key (organization_id, business_id) references business,
  constraint invoicing_endpoint_has_business check (surface <> 'invoicing' or business_id is not null),
  constraint disabled_endpoint_has_reason check ((status = 'disabled') = (disabled_reason is not null)),
  constraint endpoint_keys_come_in_pairs check ((sealed_seed is null) = (public_key is null))
);
create unique index endpoint_url_unique on endpoint
  (organization_id, surface, environment, coalesce(business_id, organization_id), url)
  where deleted_at is null;
select secure_table('endpoint', 'organization_id', 'tallystick.organization_id');
grant insert, update on endpoint to tallystick_app;

/* expires_at: end of the overlap after a rotation; null for the secret in force. */
create table endpoint_secret (
  organization_id uuid not null,
  endpoint_id uuid not null,
  secret_id uuid not null,
  sealed bytea not null,
  secret_end text not null check (length(secret_end) = 4),
  created_at timestamptz not null,
  expires_at timestamptz,
  primary key (organization_id, endpoint_id, secret_id),
  constraint secret_of_endpoint foreign key (organization_id, endpoint_id) references endpoint
);
create unique index endpoint_secret_current on endpoint_secret (organization_id, endpoint_id)
  where expires_at is null;
select secure_table('endpoint_secret', 'organization_id', 'tallystick.organization_id');
grant insert, update on endpoint_secret to tallystick_app;

/* Where an endpoint begins: events of a tenant up to this number were committed before it was. */
create table endpoint_start (
  organization_id uuid not null,
  endpoint_id uuid not null,
  tenant_id uuid not null,
  sequence bigint not null,
  primary key (organization_id, endpoint_id, tenant_id),
  constraint start_of_endpoint foreign key (organization_id, endpoint_id) references endpoint
);
select secure_table('endpoint_start', 'organization_id', 'tallystick.organization_id');
grant insert on endpoint_start to tallystick_app;

/* How far the events of a tenant have been handed to endpoints. */
create table event_cursor (
  tenant_id uuid primary key,
  sequence bigint not null
);
select secure_table('event_cursor', 'tenant_id', 'tallystick.tenant_id');

/* One event on its way to one endpoint. `sealed_body` is what every attempt sends, byte for byte.
   lease_until: a worker has it in hand until then; a worker that died leaves it to the next. */
create table delivery (
  organization_id uuid not null,
  delivery_id uuid not null,
  endpoint_id uuid not null,
  tenant_id uuid not null,
  sequence bigint not null,
  event_id uuid not null,
  event_type text not null,
  resource_id text not null,
  state text not null check (state in (
    'pending', 'deferred', 'delivered', 'failed', 'dropped_disabled', 'dropped_quota', 'canceled')),
  is_replayed boolean not null,
  sealed_body bytea not null,
  attempt_count int not null default 0,
  due_at timestamptz,
  lease_until timestamptz,
  created_at timestamptz not null,
  finished_at timestamptz,
  primary key (organization_id, delivery_id),
  constraint delivery_of_endpoint foreign key (organization_id, endpoint_id) references endpoint,
  constraint delivery_is_due_until_final check (
    (state in ('pending', 'deferred')) = (due_at is not null)
    and (due_at is null) = (finished_at is not null)),
  constraint only_waiting_is_leased check (lease_until is null or due_at is not null)
) with (fillfactor = 80);
create unique index delivery_once on delivery (organization_id, endpoint_id, event_id)
  where not is_replayed;
create index delivery_due on delivery (organization_id, endpoint_id, due_at, sequence)
  where due_at is not null;
create index delivery_leased on delivery (organization_id, endpoint_id) where lease_until is not null;
create index delivery_of_event on delivery (organization_id, endpoint_id, event_id);
create index delivery_by_age on delivery (organization_id, endpoint_id, created_at, delivery_id);
select secure_table('delivery', 'organization_id', 'tallystick.organization_id');
grant insert, update on delivery to tallystick_app;

/* One try of a delivery. Written before it is sent; status is null until its outcome is known. */
create table attempt (
  organization_id uuid not null,
  attempt_id uuid not null,
  endpoint_id uuid not null,
  delivery_id uuid not null,
  number int not null check (number > 0),
  started_at timestamptz not null,
  status text check (status in ('success', 'failed')),
  http_status int,
  duration_ms int check (duration_ms >= 0),
  error text,
  excerpt text check (length(excerpt) <= 10000),
  primary key (organization_id, attempt_id),
  constraint attempt_number_unique unique (organization_id, delivery_id, number),
  constraint attempt_of_delivery foreign key (organization_id, delivery_id)
    references delivery on delete cascade
);
create index attempt_by_endpoint on attempt (organization_id, endpoint_id, started_at);
select secure_table('attempt', 'organization_id', 'tallystick.organization_id');

/* Attempts of all Invoicing endpoints of a business in one clock hour. */
create table delivery_quota (
  organization_id uuid not null,
  business_id uuid not null,
  hour timestamptz not null,
  used int not null check (used >= 0),
  primary key (business_id, hour)
) with (fillfactor = 50);
select secure_table('delivery_quota', 'organization_id', 'tallystick.organization_id');

/* What the operator and the owner of an endpoint are told, once a day and kind. */
create table webhook_notice (
  organization_id uuid not null,
  endpoint_id uuid not null,
  kind text not null check (kind in ('disabled', 'given_up', 'quota')),
  day date not null,
  at timestamptz not null,
  told_at timestamptz,
  primary key (organization_id, endpoint_id, kind, day),
  constraint notice_of_endpoint foreign key (organization_id, endpoint_id) references endpoint
);
create index webhook_notice_untold on webhook_notice (at) where told_at is null;
select secure_table('webhook_notice', 'organization_id', 'tallystick.organization_id');
grant update on webhook_notice to tallystick_app;
