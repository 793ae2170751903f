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
