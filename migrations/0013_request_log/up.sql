/* Requests as they were answered, for search: what was asked and how it ended, never a key.
   It is no accounting record: a process that dies loses the rows of its last moments.

   organization_id  null: nobody knows who called
   path             as it was sent, with its query, without secrets
   wait_us          from the queue of admission to its answer
   db_us            in reads, and in writes with their place in the queue
   sealed           JSON of {params, request, response}, without secrets, sealed */

create table request_log (
  request_id uuid primary key,
  at timestamptz not null,
  organization_id uuid,
  business_id uuid,
  key_id uuid,
  client_request_id text check (length(client_request_id) <= 128),
  surface text not null check (surface in ('invoicing', 'books', 'connect')),
  operation text,
  method text not null,
  path text not null,
  status int not null,
  error_code text,
  duration_us bigint not null,
  db_us bigint not null,
  wait_us bigint not null,
  bytes_in bigint not null,
  bytes_out bigint not null,
  address text not null,
  user_agent text,
  idempotency text not null check (idempotency in ('none', 'first', 'replayed')),
  charge_state text not null check (charge_state in ('none', 'settled', 'released')),
  sealed bytea
);
create index request_log_of_organization on request_log (organization_id, at desc, request_id desc);
create index request_log_by_time on request_log using brin (at);
select secure_table('request_log', 'organization_id', 'tallystick.organization_id');

/* A Connect key is looked for in all businesses of its organization, as for lanes and events. */
create policy tenant_of_organization on idempotency for select to tallystick_app using (is_own_tenant(tenant_id));

/* Metering 3: charged only on the plan that the route is for, so that a call that will be refused
   for its plan moves no credit. The rest of the function stays as it is. */
do $$
declare
  before constant text := pg_get_functiondef((select oid from pg_proc where proname = 'admit'));
  after constant text := replace(before, '(i.metering = 1 or ',
    '(i.metering < 3 or p.plan = ''enterprise'') and (i.metering in (1, 3) or ');
begin
  if after = before then
    raise exception 'admit does not read as expected';
  end if;
  execute after;
end $$;
