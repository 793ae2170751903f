/* Messages to people, and links to hosted pages. */

/* One message to one address, of a business about a document, or to the owner of an organization:
   the tenant is either. `about_id` names the document, key, endpoint or organization. Whom it goes to
   and what it says is sealed, frozen when it is queued; the index tells one address from another. A
   worker takes a message by a lease and sends it. `due_at` is null in a final state. */
create table mail_message (
  tenant_id uuid not null,
  message_id uuid not null,
  about_id uuid not null,
  purpose text not null check (purpose in (
    'invoice', 'quotation', 'key_expiry', 'credits_low', 'webhook_trouble')),
  send_no int not null check (send_no >= 1),
  recipient_index bytea not null check (length(recipient_index) = 32),
  sealed bytea not null,
  state text not null check (state in ('queued', 'sent', 'failed', 'suppressed')),
  attempts int not null default 0,
  due_at timestamptz,
  lease_until timestamptz,
  reply text check (length(reply) <= 1000),
  size_bytes int,
  created_at timestamptz not null,
  finished_at timestamptz,
  primary key (tenant_id, message_id),
  constraint mail_message_once unique (tenant_id, about_id, purpose, send_no, recipient_index),
  constraint mail_message_is_due check ((due_at is null) = (state <> 'queued'))
);
create index mail_message_due on mail_message (due_at) where due_at is not null;
create index mail_message_by_creation on mail_message (tenant_id, created_at, message_id);
select secure_table('mail_message', 'tenant_id', 'tallystick.tenant_id');
grant insert on mail_message to tallystick_app;

/* Addresses that a mail server has refused for good, sealed and found by their index; nothing is
   sent to them any more until they are lifted. */
create table mail_stop (
  tenant_id uuid not null,
  stop_id uuid not null,
  address_index bytea not null check (length(address_index) = 32),
  sealed bytea not null,
  reason text not null check (length(reason) between 1 and 1000),
  created_at timestamptz not null,
  primary key (tenant_id, stop_id),
  constraint mail_stop_address_unique unique (tenant_id, address_index)
);
select secure_table('mail_stop', 'tenant_id', 'tallystick.tenant_id');
grant delete on mail_stop to tallystick_app;

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
