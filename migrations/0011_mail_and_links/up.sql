/* Messages to people, and links to hosted pages. */

/* One message to one address. What it says is frozen in `facts` when it is queued; a worker takes
   it by a lease and sends it. `due_at` is null in a final state. */
create table mail_message (
  business_id uuid not null,
  message_id uuid not null,
  document_id uuid not null,
  purpose text not null check (purpose in ('invoice', 'quotation')),
  send_no int not null check (send_no >= 1),
  recipient text not null check (length(recipient) between 3 and 255 and recipient !~ '[[:cntrl:]]'),
  facts jsonb not null,
  state text not null check (state in ('queued', 'sent', 'failed', 'suppressed')),
  attempts int not null default 0,
  due_at timestamptz,
  lease_until timestamptz,
  reply text check (length(reply) <= 1000),
  size_bytes int,
  created_at timestamptz not null,
  finished_at timestamptz,
  primary key (business_id, message_id),
  constraint mail_message_once unique (business_id, document_id, purpose, send_no, recipient),
  constraint mail_message_is_due check ((due_at is null) = (state <> 'queued'))
);
create index mail_message_due on mail_message (due_at) where due_at is not null;
create index mail_message_by_creation on mail_message (business_id, created_at, message_id);
select secure_table('mail_message', 'business_id', 'tallystick.business_id');
grant insert on mail_message to tallystick_app;

/* Addresses that a mail server has refused for good; nothing is sent to them any more. */
create table mail_stop (
  business_id uuid not null,
  address text not null check (address = lower(address)),
  reason text not null check (length(reason) between 1 and 1000),
  created_at timestamptz not null,
  primary key (business_id, address)
);
select secure_table('mail_stop', 'business_id', 'tallystick.business_id');

/* The token of a page names its document, and nothing else. */
create unique index document_by_id on document (document_id);

/* Whose document that is; nobody's rows are read by it. */
create function find_owner_of_document(document uuid)
returns table (organization_id uuid, business_id uuid, kind text)
language sql stable security definer set search_path = public, pg_temp as $$
  select b.organization_id, d.business_id, d.kind
  from document as d join business as b on b.business_id = d.business_id
  where d.document_id = $1
$$;
revoke all on function find_owner_of_document(uuid) from public;
grant execute on function find_owner_of_document(uuid) to tallystick_app;
