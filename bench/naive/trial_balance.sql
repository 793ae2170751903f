/* The trial balance of a business ($1) at a day ($2), from all lines, with nothing prepared.
   Income and expenses count from the first day of the fiscal year ($3); what came before is
   in retained earnings. */
select code, sum(amount)::bigint as balance
from (
  select
    case
      when a.category in ('revenue', 'cost_of_sales', 'expense') and l.accounting_date < $3::date
      then (select r.code from account as r where r.business_id = $1 and r.role = 'retained_earnings')
      else a.code
    end as code,
    l.base_amount as amount
  from journal_line as l
  join account as a on a.business_id = l.business_id and a.account_id = l.account_id
  where l.business_id = $1 and l.accounting_date <= $2::date
) as moved
group by code
having sum(amount) <> 0
order by code
