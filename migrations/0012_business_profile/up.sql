/* What a business says about itself, its defaults for new documents, and its files. */

alter table business
  add column email text check (length(email) <= 255),
  add column phone text check (length(phone) <= 255),
  add column website text check (length(website) <= 255),
  add column address text check (length(address) <= 255),
  add column city text check (length(city) <= 255),
  add column state text check (length(state) <= 255),
  add column postal_code text check (length(postal_code) <= 255),
  add column tax_id text check (length(tax_id) <= 255),
  add column registration_number text check (length(registration_number) <= 255),
  add column bank_details jsonb not null default '[]' check (jsonb_array_length(bank_details) <= 5),
  add column logo_sha256 bytea check (length(logo_sha256) = 32),
  add column use_default_currency boolean not null default false,
  add column invoice_prefix text not null default 'INV-' check (invoice_prefix ~ '^[!-~]{1,20}$'),
  add column quotation_prefix text not null default 'QT-' check (quotation_prefix ~ '^[!-~]{1,20}$'),
  add column default_terms text check (length(default_terms) <= 5000),
  add column default_notes text check (length(default_notes) <= 5000),
  add column default_due_days int check (default_due_days between 0 and 3650),
  add column default_deposit_account_code text
    check (default_deposit_account_code ~ '^[0-9]{3,10}$'),
  add column updated_at timestamptz;

/* Named by what is in it: the same picture is kept once, and a document that was issued with it
   shows it for ever. */
create table file (
  business_id uuid not null,
  sha256 bytea not null check (length(sha256) = 32),
  media_type text not null check (media_type in ('image/png', 'image/jpeg')),
  width_px int not null check (width_px between 1 and 4000),
  height_px int not null check (height_px between 1 and 4000),
  content bytea not null check (length(content) between 1 and 1048576),
  created_at timestamptz not null,
  primary key (business_id, sha256)
);
select secure_table('file', 'business_id', 'tallystick.business_id');
select make_append_only('file');

/* Prefixes a series had before its present one, so that its numbers are still known as its own. */
alter table number_series add column former_prefixes text[] not null default '{}';

/* A row that withdraws what its day has had before it; the rate it repeats is history. */
alter table fx_rate add column is_withdrawal boolean not null default false;

/* ------- lists: every documented filter of documents finds its rows in the order of creation -------
   Each index holds what the page is sorted by, so that rows are looked up only for what is shown. */
drop index document_by_party;
create index document_by_party on document (business_id, party_id, kind, created_at, document_id);
drop index document_by_update;
create index document_by_update on document (business_id, kind, updated_at, created_at, document_id);
create index document_by_currency on document (business_id, kind, currency, created_at, document_id);
create index document_by_issue on document (business_id, kind, issue_date, created_at, document_id);
create index document_by_due on document (business_id, kind, due_date, created_at, document_id)
  where due_date is not null;
create index document_by_total on document (business_id, kind, total, created_at, document_id);
create index document_by_standing on document (business_id, kind, lifecycle, (paid_at is null),
  created_at, document_id) include (due_date);

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
