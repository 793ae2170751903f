/* Parties, documents, and what is still open of them. */

/* sealed: a JSON object of the personal data of a party, e-mail, phone, address and tax number;
   email_index finds an e-mail address without showing it. */
create table party (
  business_id uuid not null,
  party_id uuid not null,
  is_customer boolean not null,
  is_supplier boolean not null,
  name text not null check (length(name) between 1 and 500),
  country text check (country ~ '^[A-Z]{2}$'),
  notes text check (length(notes) <= 5000),
  currency text check (currency ~ '^[A-Z]{3}$'),
  /* Of its documents and messages. */
  language text constraint party_language_known
    check (language in ('en', 'fr', 'de', 'es', 'pt', 'ar')),
  external_id text check (length(external_id) <= 255),
  metadata jsonb not null default '{}',
  sealed bytea,
  email_index bytea,
  archived_at timestamptz,
  deleted_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (business_id, party_id),
  constraint party_has_role check (is_customer or is_supplier)
);
create unique index party_external_id_unique on party (business_id, external_id)
  where external_id is not null and deleted_at is null;
create index party_by_creation on party (business_id, created_at, party_id);
create index party_by_email on party (business_id, email_index) where email_index is not null;
select secure_table('party', 'business_id', 'tallystick.business_id');
grant insert, update on party to tallystick_app;

create table document (
  business_id uuid not null,
  document_id uuid not null,
  kind text not null check (kind in (
    'invoice', 'credit_note', 'receipt', 'bill', 'supplier_credit', 'bill_payment', 'expense',
    'quotation')),
  surface text not null,
  lifecycle text not null check (lifecycle in ('draft', 'open', 'void')),
  number text check (length(number) between 1 and 64),
  party_id uuid,
  issue_date date not null,
  due_date date,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  rate numeric(24, 12) check (rate > 0),
  rate_source text,
  prices_include_tax boolean not null default false,
  discount_percent numeric(9, 6) not null default 0,
  subtotal bigint not null,
  tax bigint not null,
  rounding bigint not null default 0,
  total bigint not null,
  base_total bigint,
  reference text check (length(reference) <= 255),
  notes text check (length(notes) <= 5000),
  terms text check (length(terms) <= 5000),
  template text,
  source_document_id uuid,
  external_id text check (length(external_id) <= 255),
  metadata jsonb not null default '{}',
  /* Without the personal data of whom it is for or from, which lies sealed beside it. */
  details jsonb not null default '{}',
  sealed_party bytea,
  calculation jsonb,
  entry_id uuid,
  void_entry_id uuid,
  void_reason text check (length(void_reason) <= 500),
  sent_at timestamptz,
  paid_at timestamptz,
  voided_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null default 1,
  primary key (business_id, document_id),
  constraint issued_document_has_number check (lifecycle = 'draft' or number is not null),
  constraint document_total_adds_up check (total = subtotal + tax)
);
create unique index document_external_id_unique on document (business_id, kind, external_id)
  where external_id is not null;
/* Every documented filter finds its rows in the order of creation: each index holds what the page is
   sorted by, so that rows are looked up only for what is shown. */
create index document_by_creation on document (business_id, kind, created_at, document_id);
create index document_by_party on document (business_id, party_id, kind, created_at, document_id);
create index document_by_update on document (business_id, kind, updated_at, created_at, document_id);
create index document_by_currency on document (business_id, kind, currency, created_at, document_id);
create index document_by_issue on document (business_id, kind, issue_date, created_at, document_id);
create index document_by_due on document (business_id, kind, due_date, created_at, document_id)
  where due_date is not null;
create index document_by_total on document (business_id, kind, total, created_at, document_id);
create index document_by_standing on document (business_id, kind, lifecycle, (paid_at is null),
  created_at, document_id) include (due_date);
/* Where a document came from: a quotation, a credited invoice, a recurring invoice. */
create index document_by_source on document (business_id, source_document_id)
  where source_document_id is not null;
create index document_by_recurring on document (business_id, (details ->> 'recurringId'))
  where details ->> 'recurringId' is not null;
/* What may fall due. */
create index quotation_waiting on document (due_date)
  where kind = 'quotation' and lifecycle = 'open' and details ->> 'status' = 'sent';
select secure_table('document', 'business_id', 'tallystick.business_id');
grant insert, update, delete on document to tallystick_app;

/* A part of a number is found by its groups of three characters. Row-level security would compare
   every row of the tenant instead, so the function has the owner's rights, and looks nowhere but
   into the tenant of the session. Null: more than `most` match. */
create extension if not exists pg_trgm;
create extension if not exists btree_gin;
create index document_by_number_part on document using gin (business_id, number gin_trgm_ops);
create function find_numbered(wanted_kind text, pattern text, most int) returns uuid[]
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
  found_ids uuid[];
begin
  execute $q$
    select array_agg(document_id) from (
      select document_id from document
      where business_id = nullif(current_setting('tallystick.business_id', true), '')::uuid
        and kind = $1 and number ilike $2
      limit $3 + 1
    ) as matching $q$ into found_ids using wanted_kind, pattern, most;
  return case when cardinality(found_ids) > most then null else coalesce(found_ids, '{}') end;
end $$;
revoke all on function find_numbered(text, text, int) from public;
grant execute on function find_numbered(text, text, int) to tallystick_app;

/* The invoices that a recurring one has made, in the same way: policies let no condition on JSON
   reach an index. */
create function find_recurred(recurring text, most int) returns uuid[]
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
  found_ids uuid[];
begin
  execute $q$
    select array_agg(document_id) from (
      select document_id from document
      where business_id = nullif(current_setting('tallystick.business_id', true), '')::uuid
        and details ->> 'recurringId' = $1
      limit $2 + 1
    ) as matching $q$ into found_ids using recurring, most;
  return case when cardinality(found_ids) > most then null else coalesce(found_ids, '{}') end;
end $$;
revoke all on function find_recurred(text, int) from public;
grant execute on function find_recurred(text, int) to tallystick_app;

create table document_line (
  business_id uuid not null,
  document_id uuid not null,
  line_no int not null check (line_no between 1 and 1000),
  line_id uuid not null,
  description text not null check (length(description) <= 500),
  quantity numeric(24, 6) not null,
  unit_price numeric(28, 10) not null,
  discount_percent numeric(9, 6) not null default 0,
  tax_percent numeric(9, 6) not null default 0,
  tax_category text not null check (tax_category in ('S', 'Z', 'E', 'AE', 'K', 'G', 'O')),
  product_id uuid,
  account_id uuid not null,
  unit text check (length(unit) <= 255),
  net bigint not null,
  tax bigint not null,
  primary key (business_id, document_id, line_no),
  constraint document_line_of_document foreign key (business_id, document_id)
    references document on delete cascade
);
select secure_table('document_line', 'business_id', 'tallystick.business_id');
grant insert, update, delete on document_line to tallystick_app;

/* What was frozen at each version of an issued document; its digest is in the hash chain. */
create table document_version (
  business_id uuid not null,
  document_id uuid not null,
  version bigint not null,
  kind text not null,
  number text not null,
  link bigint not null,
  /* What it said, as JSON, and the digest of that text; null once it was erased for good reason. */
  sealed_snapshot bytea,
  sha256 bytea not null check (length(sha256) = 32),
  primary key (business_id, document_id, version)
);
create index document_version_by_link on document_version (business_id, link);
select secure_table('document_version', 'business_id', 'tallystick.business_id');
select make_append_only('document_version');
select keep_all_but_seal('document_version', 'sealed_snapshot');

/* Amounts are positive on the natural side; *_base in base currency.
   tax_amount is the output tax that waits in provision, tax_moved what has become payable. */
create table open_item (
  business_id uuid not null,
  item_id uuid not null,
  side text not null check (side in ('AR', 'AP', 'DEP', 'SDP')),
  party_id uuid not null,
  document_id uuid not null,
  currency text not null,
  original_amount bigint not null,
  original_base bigint not null,
  open_amount bigint not null check (open_amount >= 0),
  open_base bigint not null,
  settled_amount bigint not null default 0,
  credited_amount bigint not null default 0,
  tax_amount bigint not null default 0,
  tax_base bigint not null default 0,
  tax_moved_base bigint not null default 0,
  withheld_amount bigint not null default 0,
  document_date date not null,
  due_date date,
  closed_on date,
  primary key (business_id, item_id),
  constraint open_item_closes_together check (open_amount <> 0 or open_base = 0)
);
create index open_item_by_side on open_item (business_id, side, closed_on, document_date);
create index open_item_by_document on open_item (business_id, document_id);
create index open_item_by_party on open_item (business_id, party_id, side);
create index receivable_waiting on open_item (business_id, document_id)
  where side = 'AR' and closed_on is null;
select secure_table('open_item', 'business_id', 'tallystick.business_id');
grant insert, update on open_item to tallystick_app;

/* Signed and append-only: settling is positive, undoing negative. */
create table allocation (
  business_id uuid not null,
  allocation_id uuid not null,
  item_id uuid not null,
  document_id uuid not null,
  leg text not null check (leg in (
    'cash', 'withholding', 'deposit', 'credit_note', 'write_off', 'bank_fee', 'rounding', 'void')),
  accounting_date date not null,
  amount bigint not null check (amount <> 0),
  base bigint not null,
  entry_id uuid,
  undoes uuid,
  recorded_at timestamptz not null,
  primary key (business_id, allocation_id)
);
create index allocation_by_item on allocation (business_id, item_id, accounting_date);
create index allocation_by_document on allocation (business_id, document_id);
select secure_table('allocation', 'business_id', 'tallystick.business_id');
select make_append_only('allocation');

create table withholding_certificate (
  business_id uuid not null,
  certificate_id uuid not null,
  number text not null,
  party_id uuid not null,
  payment_id uuid not null,
  bill_id uuid,
  issue_date date not null,
  rate_percent numeric(9, 6) not null,
  gross bigint not null,
  withheld bigint not null,
  status text not null default 'issued' check (status in ('issued', 'sent', 'voided')),
  primary key (business_id, certificate_id),
  constraint certificate_number_unique unique (business_id, number)
);
select secure_table('withholding_certificate', 'business_id', 'tallystick.business_id');
grant insert, update on withholding_certificate to tallystick_app;

create table bank_statement_line (
  business_id uuid not null,
  line_id uuid not null,
  account_id uuid not null,
  booked_on date not null,
  amount bigint not null check (amount <> 0),
  currency text not null,
  description text not null check (length(description) between 1 and 500),
  reference text check (length(reference) <= 255),
  occurrence int not null default 1,
  matched_entry_id uuid,
  created_at timestamptz not null,
  primary key (business_id, line_id),
  constraint bank_line_unique unique nulls not distinct
    (business_id, account_id, booked_on, amount, reference, description, occurrence)
);
select secure_table('bank_statement_line', 'business_id', 'tallystick.business_id');
grant insert, update on bank_statement_line to tallystick_app;

/* J9: the control line of an issued document is its total. The lines come first, whatever the planner
   knows of new tables: those of one entry are few, those of an account are not. */
create function guard_document_entry() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  control bigint;
begin
  if new.entry_id is null or new.kind not in ('invoice', 'bill', 'credit_note', 'supplier_credit') then
    return null;
  end if;
  with line as materialized (
    select l.account_id, l.amount from journal_line as l
    where l.business_id = new.business_id and l.entry_id = new.entry_id
  )
  select sum(line.amount) into control
  from line
  join account as a on a.business_id = new.business_id and a.account_id = line.account_id
  where a.role in ('receivables', 'payables', 'customer_deposits', 'supplier_deposits');
  if coalesce(control, 0) <> (case when new.kind in ('invoice', 'supplier_credit') then new.total else -new.total end) then
    raise exception using errcode = 'TS003', constraint = 'document_total_is_control_line',
      message = format('%s %s: the total is not its control line', new.kind, new.document_id);
  end if;
  return null;
end $$;
create constraint trigger document_total_is_control_line after insert or update of entry_id, total on document
  deferrable initially deferred for each row execute function guard_document_entry();
