/* The ledger: accounts, entries, lines, roll-ups, numbers, rates, locks. */

create table account (
  business_id uuid not null,
  account_id uuid not null,
  code text not null check (code ~ '^[0-9]{3,10}$'),
  name text not null check (length(name) between 1 and 250),
  description text check (length(description) <= 500),
  category text not null
    check (category in ('asset', 'liability', 'equity', 'revenue', 'cost_of_sales', 'expense')),
  subcategory text not null,
  role text,
  level text not null default 'open' check (level in ('locked', 'tagged', 'open')),
  currency text check (currency ~ '^[A-Z]{3}$'),
  is_header boolean not null default false,
  is_system boolean not null default false,
  external_id text check (length(external_id) between 1 and 255),
  metadata jsonb not null default '{}' check (jsonb_typeof(metadata) = 'object'),
  archived_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null default 1,
  primary key (business_id, account_id),
  constraint account_code_unique unique (business_id, code)
);
create unique index account_external_id_unique on account (business_id, external_id)
  where external_id is not null;
create unique index account_role_unique on account (business_id, role)
  where role is not null and role not in ('cash', 'bank');
select secure_table('account', 'business_id', 'tallystick.business_id');
grant insert, update on account to tallystick_app;

create table journal_draft (
  business_id uuid not null,
  draft_id uuid not null,
  accounting_date date not null,
  description text not null check (length(description) between 1 and 500),
  reference text check (length(reference) <= 255),
  lines jsonb not null,
  external_id text check (length(external_id) between 1 and 255),
  metadata jsonb not null default '{}',
  entry_id uuid,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null default 1,
  primary key (business_id, draft_id)
);
create unique index journal_draft_external_id_unique on journal_draft (business_id, external_id)
  where external_id is not null and entry_id is null;
select secure_table('journal_draft', 'business_id', 'tallystick.business_id');
grant insert, update, delete on journal_draft to tallystick_app;

create table journal_entry (
  business_id uuid not null,
  entry_id uuid not null,
  entry_seq bigint not null check (entry_seq > 0),
  link bigint not null,
  number text not null check (length(number) between 1 and 64),
  accounting_date date not null,
  recorded_at timestamptz not null,
  kind text not null check (kind in ('standard', 'reversal', 'fx', 'closing', 'opening')),
  source_type text not null,
  source_id uuid,
  description text not null check (length(description) between 1 and 500),
  reference text check (length(reference) <= 255),
  reverses_entry_id uuid,
  external_id text check (length(external_id) between 1 and 255),
  actor text not null,
  line_count int not null check (line_count between 2 and 1000),
  total_base bigint not null check (total_base >= 0),
  primary key (business_id, entry_id),
  constraint journal_entry_sequence_unique unique (business_id, entry_seq),
  constraint journal_entry_number_unique unique (business_id, number)
);
create unique index journal_reversed_once on journal_entry (business_id, reverses_entry_id)
  where reverses_entry_id is not null;
create unique index journal_external_id_unique on journal_entry (business_id, source_type, external_id)
  where external_id is not null;
create index journal_entry_by_date on journal_entry (business_id, accounting_date, entry_seq);
create index journal_entry_by_source on journal_entry (business_id, source_id) where source_id is not null;
select secure_table('journal_entry', 'business_id', 'tallystick.business_id');
select make_append_only('journal_entry');

/* What a caller notes beside a posted entry; entries without a note have no row. */
create table journal_metadata (
  business_id uuid not null,
  entry_id uuid not null,
  metadata jsonb not null,
  primary key (business_id, entry_id)
);
select secure_table('journal_metadata', 'business_id', 'tallystick.business_id');
select make_append_only('journal_metadata');

/* What a line is tagged with; lines of equal tags share one set, 0 is none. Tags are sorted. */
create table dimension_set (
  business_id uuid not null,
  set_id int not null check (set_id > 0),
  tags text[] not null check (cardinality(tags) between 1 and 20),
  primary key (business_id, set_id),
  constraint dimension_set_unique unique (business_id, tags)
);
select secure_table('dimension_set', 'business_id', 'tallystick.business_id');
select make_append_only('dimension_set');

/* No foreign keys: they are checked row by row and made posting eight times slower.
   The statement triggers below do the same checks once for the whole statement. */
create table journal_line (
  business_id uuid not null,
  entry_id uuid not null,
  line_no int not null check (line_no between 1 and 1000),
  account_id uuid not null,
  accounting_date date not null,
  entry_seq bigint not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  amount bigint not null,
  base_amount bigint not null,
  rate numeric(24, 12),
  rate_source text,
  party_id uuid,
  open_item_id uuid,
  tax_tag text,
  dimension_set_id int not null default 0,
  bucket smallint not null default 0 check (bucket in (0, 1)),
  description text check (length(description) <= 500),
  primary key (business_id, entry_id, line_no),
  constraint line_not_zero check (amount <> 0 or base_amount <> 0),
  constraint line_signs_agree check (sign(amount) * sign(base_amount) >= 0),
  constraint line_amount_bounded check (
    abs(amount) <= 999999999999999 and abs(base_amount) <= 999999999999999)
);
create index journal_line_by_account
  on journal_line (business_id, account_id, accounting_date, entry_seq, line_no);
create index journal_line_by_party on journal_line (business_id, party_id, accounting_date)
  where party_id is not null;
create index journal_line_by_set on journal_line (business_id, dimension_set_id, accounting_date)
  where dimension_set_id <> 0;
select secure_table('journal_line', 'business_id', 'tallystick.business_id');
select make_append_only('journal_line');

create table balance_day (
  business_id uuid not null,
  day date not null,
  account_id uuid not null,
  currency text not null,
  bucket smallint not null,
  debit_base bigint not null,
  credit_base bigint not null,
  debit bigint not null,
  credit bigint not null,
  primary key (business_id, day, account_id, currency, bucket)
) with (fillfactor = 70);
select secure_table('balance_day', 'business_id', 'tallystick.business_id');
grant insert, update on balance_day to tallystick_app;

/* Cumulative to the end of each month, from the first month of a key to the horizon of its business. */
create table balance_month (
  business_id uuid not null,
  month date not null check (extract(day from month) = 1),
  account_id uuid not null,
  currency text not null,
  bucket smallint not null,
  debit_base bigint not null,
  credit_base bigint not null,
  debit bigint not null,
  credit bigint not null,
  primary key (business_id, month, account_id, currency, bucket)
) with (fillfactor = 70);
select secure_table('balance_month', 'business_id', 'tallystick.business_id');
grant insert, update on balance_month to tallystick_app;

/* year 0: a series that is not reset yearly. former_prefixes: what it had before its present prefix,
   so that its numbers are still known as its own. */
create table number_series (
  business_id uuid not null,
  kind text not null,
  surface text not null,
  year int not null,
  prefix text not null check (length(prefix) <= 20),
  former_prefixes text[] not null default '{}',
  padding int not null check (padding between 1 and 12),
  next bigint not null check (next > 0),
  primary key (business_id, kind, surface, year)
);
select secure_table('number_series', 'business_id', 'tallystick.business_id');
grant insert, update on number_series to tallystick_app;

create table number_register (
  business_id uuid not null,
  kind text not null,
  number text not null,
  document_id uuid not null,
  state text not null default 'used' check (state in ('used', 'deleted')),
  constraint document_number_unique primary key (business_id, kind, number)
);
select secure_table('number_register', 'business_id', 'tallystick.business_id');
grant insert, update on number_register to tallystick_app;

/* rate: units of base currency for one unit of `currency`. The later row of a day wins; a withdrawal
   takes back what its day has had before it, and the rate it repeats is history. */
create table fx_rate (
  business_id uuid not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  day date not null,
  seq bigint not null,
  rate numeric(24, 12) not null check (rate > 0),
  source text not null,
  quoted numeric(24, 12) not null check (quoted > 0),
  direction text not null check (direction in ('base_per_unit', 'unit_per_base')),
  is_withdrawal boolean not null default false,
  primary key (business_id, currency, day, seq)
);
select secure_table('fx_rate', 'business_id', 'tallystick.business_id');
select make_append_only('fx_rate');

/* The newest row of (kind, scope) counts; through_date null lifts a soft lock. */
create table period_lock (
  business_id uuid not null,
  seq bigint not null,
  kind text not null check (kind in ('soft', 'hard', 'tax')),
  scope text not null
    check (scope in ('all', 'sales', 'purchases', 'bank', 'payroll', 'journals')),
  through_date date,
  reason text not null check (length(reason) between 1 and 500),
  set_by text not null,
  recorded_at timestamptz not null,
  primary key (business_id, seq)
);
select secure_table('period_lock', 'business_id', 'tallystick.business_id');
select make_append_only('period_lock');

/* A closed month: its trial balance is kept and sealed by the hash chain (record S). */
create table period_close (
  business_id uuid not null,
  close_id uuid not null,
  through_date date not null,
  entry_count bigint not null check (entry_count >= 0),
  snapshot_sha256 text not null check (snapshot_sha256 ~ '^[0-9a-f]{64}$'),
  checklist jsonb not null,
  reason text not null check (length(reason) between 1 and 500),
  closed_by text not null,
  recorded_at timestamptz not null,
  link bigint not null,
  superseded_by uuid,
  primary key (business_id, close_id)
);
create index period_close_by_date on period_close (business_id, through_date, recorded_at);
select secure_table('period_close', 'business_id', 'tallystick.business_id');
grant insert on period_close to tallystick_app;
grant update (superseded_by) on period_close to tallystick_app;

/* One row per account, currency and bucket with anything on it up to the last day. */
create table period_close_balance (
  business_id uuid not null,
  close_id uuid not null,
  account_id uuid not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  bucket smallint not null check (bucket in (0, 1)),
  debit_base bigint not null,
  credit_base bigint not null,
  debit bigint not null,
  credit bigint not null,
  primary key (business_id, close_id, account_id, currency, bucket)
);
select secure_table('period_close_balance', 'business_id', 'tallystick.business_id');
select make_append_only('period_close_balance');

/* ------- guards: each rule a second time, set-based -------
   With the owner's rights: they see every row, and their plans carry no tenant condition twice.
   A session plans each statement once, whatever the tables hold at that moment: the first row from a
   key on, in the order of the primary key and without a sort, is found by that key alone. Equality
   let the planner choose any index on young tables, and every new row met every old one. */

create function refuse_posting(rule text, detail text) returns void language plpgsql as $$
begin
  raise exception using errcode = 'TS003', constraint = rule, message = detail;
end $$;

/* J1, J3, J6 of the ledger specification: lines complete, balanced, written with their entry. */
create function guard_journal_lines() returns trigger
language plpgsql security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off as $$
declare
  broken record;
begin
  select t.entry_id, e.entry_id is null as orphan, t.base <> 0 as unbalanced into broken
  from (
    select business_id, entry_id, sum(base_amount) as base, count(*) as lines,
      max(line_no) as last, coalesce(sum(base_amount) filter (where base_amount > 0), 0) as debit,
      min(accounting_date) as first_date, max(accounting_date) as last_date,
      min(entry_seq) as first_seq, max(entry_seq) as last_seq
    from new_lines group by business_id, entry_id
  ) as t
  left join lateral (
    select * from journal_entry as j
    where (j.business_id, j.entry_id) >= (t.business_id, t.entry_id)
    order by j.business_id, j.entry_id limit 1
  ) as e on e.business_id = t.business_id and e.entry_id = t.entry_id
  where e.entry_id is null or t.base <> 0 or t.lines <> e.line_count or t.last <> e.line_count
    or t.debit <> e.total_base or t.first_date <> e.accounting_date or t.last_date <> e.accounting_date
    or t.first_seq <> e.entry_seq or t.last_seq <> e.entry_seq
  limit 1;
  if broken.entry_id is not null then
    if broken.unbalanced and not broken.orphan then
      perform refuse_posting('journal_balanced_base', format('entry %s does not balance', broken.entry_id));
    end if;
    perform refuse_posting('journal_lines_whole', format('lines of entry %s do not fit it', broken.entry_id));
  end if;

  select entry_id, currency into broken from new_lines
  group by entry_id, currency having sum(amount) <> 0 limit 1;
  if broken.entry_id is not null then
    perform refuse_posting('journal_balanced_currency',
      format('entry %s does not balance in %s', broken.entry_id, broken.currency));
  end if;

  select t.account_id into broken
  from (select distinct business_id, account_id, currency from new_lines) as t
  left join lateral (
    select * from account as c
    where (c.business_id, c.account_id) >= (t.business_id, t.account_id)
    order by c.business_id, c.account_id limit 1
  ) as a on a.business_id = t.business_id and a.account_id = t.account_id
  where a.account_id is null or a.archived_at is not null or a.is_header
    or a.currency <> t.currency
  limit 1;
  if broken.account_id is not null then
    perform refuse_posting('journal_account_postable', format('account %s takes no posting', broken.account_id));
  end if;

  select t.day into broken
  from (select business_id, accounting_date as day, bool_or(tax_tag <> 'settlement') as taxed
        from new_lines group by business_id, accounting_date) as t
  join lateral (
    select distinct on (p.kind) p.kind, p.through_date from period_lock as p
    where p.business_id = t.business_id and p.kind in ('hard', 'tax')
    order by p.kind, p.seq desc
  ) as p on t.day <= p.through_date and (p.kind = 'hard' or t.taxed)
  limit 1;
  if broken.day is not null then
    perform refuse_posting('journal_period_open', format('%s is closed', broken.day));
  end if;
  return null;
end $$;
create trigger journal_balanced after insert on journal_line
  referencing new table as new_lines for each statement execute function guard_journal_lines();

create function guard_journal_entries() returns trigger
language plpgsql security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off as $$
declare
  bare uuid;
begin
  select e.entry_id into bare from new_entries as e
  left join lateral (
    select * from journal_line as l
    where (l.business_id, l.entry_id, l.line_no) >= (e.business_id, e.entry_id, 1)
    order by l.business_id, l.entry_id, l.line_no limit 1
  ) as l on l.business_id = e.business_id and l.entry_id = e.entry_id and l.line_no = 1
  where l.entry_id is null
  limit 1;
  if bare is not null then
    perform refuse_posting('journal_entry_has_lines', format('entry %s has no lines', bare));
  end if;
  return null;
end $$;
create trigger journal_entry_has_lines after insert on journal_entry
  referencing new table as new_entries for each statement execute function guard_journal_entries();
