/* Days whose roll-up differs from the sum of its lines; none in correct books. */
with lines as (
  select accounting_date as day, account_id, currency, bucket,
    coalesce(sum(base_amount) filter (where base_amount > 0), 0) as debit_base,
    coalesce(-sum(base_amount) filter (where base_amount < 0), 0) as credit_base,
    coalesce(sum(amount) filter (where amount > 0), 0) as debit,
    coalesce(-sum(amount) filter (where amount < 0), 0) as credit
  from journal_line where business_id = $1
  group by accounting_date, account_id, currency, bucket
)
select count(*)::int as wrong
from lines
full join (select * from balance_day where business_id = $1) as kept
  using (day, account_id, currency, bucket)
where (lines.debit_base, lines.credit_base, lines.debit, lines.credit)
  is distinct from (kept.debit_base, kept.credit_base, kept.debit, kept.credit)
