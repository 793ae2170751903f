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
