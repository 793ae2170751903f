/* Months whose cumulative roll-up differs from the sum of all lines up to its end. */
with months as (
  select m.month, m.account_id, m.currency, m.bucket, m.debit_base, m.credit_base, m.debit, m.credit
  from balance_month as m where m.business_id = $1
), moved as (
  select date_trunc('month', accounting_date)::date as month, account_id, currency, bucket,
    coalesce(sum(base_amount) filter (where base_amount > 0), 0) as debit_base,
    coalesce(-sum(base_amount) filter (where base_amount < 0), 0) as credit_base,
    coalesce(sum(amount) filter (where amount > 0), 0) as debit,
    coalesce(-sum(amount) filter (where amount < 0), 0) as credit
  from journal_line where business_id = $1
  group by 1, 2, 3, 4
), summed as (
  select coalesce(months.month, moved.month) as month, account_id, currency, bucket,
    sum(moved.debit_base) over upto as debit_base, sum(moved.credit_base) over upto as credit_base,
    sum(moved.debit) over upto as debit, sum(moved.credit) over upto as credit,
    months.debit_base as kept_debit_base, months.credit_base as kept_credit_base,
    months.debit as kept_debit, months.credit as kept_credit
  from months full join moved using (month, account_id, currency, bucket)
  window upto as (partition by account_id, currency, bucket order by coalesce(months.month, moved.month))
)
select count(*)::int as wrong
from summed
where (debit_base, credit_base, debit, credit)
  is distinct from (kept_debit_base, kept_credit_base, kept_debit, kept_credit)
