/* Invoices as a shop would have them after two years, as many as asked for, newest last, in time with their
   dates; 3 of 100 are owed, 1 of 1,000 is a draft, 1 of 500 is void, 1 of 997 in a rare currency. */
insert into party (business_id, party_id, is_customer, is_supplier, name, created_at, updated_at)
select $1::uuid, ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, true, false,
  'Customer ' || n, now(), now()
from generate_series(1, 2000) as n;
insert into document (business_id, document_id, kind, surface, lifecycle, number, party_id,
  issue_date, due_date, currency, rate, subtotal, tax, total, base_total, external_id, sent_at,
  paid_at, created_at, updated_at)
select $1::uuid, md5(($1::uuid)::text || n)::uuid, 'invoice', 'invoicing',
  case when n % 1000 = 7 then 'draft' when n % 500 = 3 then 'void' else 'open' end,
  'SEED-' || lpad(n::text, 7, '0'),
  ('00000000-0000-7000-8000-' || lpad(to_hex(1 + n % 2000), 12, '0'))::uuid,
  (at at time zone 'utc')::date, (at at time zone 'utc')::date + 30,
  case when n % 997 = 0 then 'GBP' when n % 3 = 0 then 'EUR' else 'USD' end, 1,
  amount, 0, amount, amount, 'seed-' || n, at,
  case when n % 1000 <> 7 and n % 500 <> 3 and n <= $2::int * 0.97 then at end, at, at
from generate_series(1, $2::int) as n,
  lateral (select timestamptz '2026-06-30T23:00:00Z' - interval '730 days' * (($2::int - n)::float8 / $2::int) as at,
    100 + (n::bigint * 7919) % 1000003 as amount) as made;
insert into open_item (business_id, item_id, side, party_id, document_id, currency,
  original_amount, original_base, open_amount, open_base, document_date, due_date, closed_on)
select business_id, document_id, 'AR', party_id, document_id, currency, total, total,
  case when paid_at is null then total else 0 end, case when paid_at is null then total else 0 end,
  issue_date, due_date, case when paid_at is not null then issue_date end
from document where business_id = $1 and kind = 'invoice' and lifecycle = 'open';
insert into document_line (business_id, document_id, line_no, line_id, description, quantity,
  unit_price, tax_category, account_id, net, tax)
select business_id, document_id, 1, document_id, 'Survey', 1, 1, 'Z',
  (select account_id from account where business_id = $1 and code = '4000'), total, 0
from document where business_id = $1 and kind = 'invoice';
