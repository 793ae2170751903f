/* Parties, documents, and what is still open of them. */

create table party (
  business_id uuid not null,
  party_id uuid not null,
  is_customer boolean not null,
  is_supplier boolean not null,
  name text not null check (length(name) between 1 and 500),
  email text, phone text, address text, city text, state text,
  country text check (country ~ '^[A-Z]{2}$'),
  postal_code text, tax_id text,
  notes text check (length(notes) <= 5000),
  currency text check (currency ~ '^[A-Z]{3}$'),
  external_id text check (length(external_id) <= 255),
  metadata jsonb not null default '{}',
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
select secure_table('party', 'business_id', 'tallystick.business_id');
grant insert, update on party to tallystick_app;

create table document (
  business_id uuid not null,
  document_id uuid not null,
  kind text not null check (kind in (
    'invoice', 'credit_note', 'receipt', 'bill', 'supplier_credit', 'bill_payment', 'expense')),
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
  details jsonb not null default '{}',
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
create index document_by_creation on document (business_id, kind, created_at, document_id);
create index document_by_party on document (business_id, party_id, kind, issue_date);
create index document_by_update on document (business_id, kind, updated_at, document_id);
select secure_table('document', 'business_id', 'tallystick.business_id');
grant insert, update, delete on document to tallystick_app;

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
  snapshot text not null,
  sha256 bytea not null check (length(sha256) = 32),
  primary key (business_id, document_id, version)
);
create index document_version_by_link on document_version (business_id, link);
select secure_table('document_version', 'business_id', 'tallystick.business_id');
select make_append_only('document_version');

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

/* J9: the control line of an issued document is its total. One row each, so cheap. */
create function guard_document_entry() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  control bigint;
begin
  if new.entry_id is null or new.kind not in ('invoice', 'bill', 'credit_note', 'supplier_credit') then
    return null;
  end if;
  select sum(l.amount) into control
  from journal_line as l
  join account as a on a.business_id = l.business_id and a.account_id = l.account_id
  where l.business_id = new.business_id and l.entry_id = new.entry_id
    and a.role in ('receivables', 'payables', 'customer_deposits', 'supplier_deposits');
  if coalesce(control, 0) <> (case when new.kind in ('invoice', 'supplier_credit') then new.total else -new.total end) then
    raise exception using errcode = 'TS003', constraint = 'document_total_is_control_line',
      message = format('%s %s: the total is not its control line', new.kind, new.document_id);
  end if;
  return null;
end $$;
create constraint trigger document_total_is_control_line after insert or update of entry_id, total on document
  deferrable initially deferred for each row execute function guard_document_entry();
