-- B: the same in one statement. Balances are locked in the order of their ids first.
\set x random(1, 1000)
\set y random(1, 999)
\set y case when :y >= :x then :y + 1 else :y end
\set lo least(:x, :y)
\set hi greatest(:x, :y)
\set day random(0, 27)
\set amount random(1, 1000000)
\set contra 0 - :amount
with held as materialized (
  select id from account where id in (:lo, :hi) order by id for update
), moved as (
  update account set balance = balance + case when account.id = :lo then :amount::bigint else :contra::bigint end
  from held where account.id = held.id
), posted as (
  insert into entry (day, description) values (current_date - :day::int, 'Sale of the day') returning id, day
)
insert into line (entry_id, line_no, account_id, day, amount)
select posted.id, part.line_no, part.account_id, posted.day, part.amount
from posted, (values (1, :lo::int, :amount::bigint), (2, :hi::int, :contra::bigint)) as part (line_no, account_id, amount);
