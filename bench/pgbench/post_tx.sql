-- A: one entry, two lines and two balances in one transaction of several statements.
-- Balances are taken in the order of their ids, so that no two transactions wait for each other.
\set x random(1, 1000)
\set y random(1, 999)
\set y case when :y >= :x then :y + 1 else :y end
\set lo least(:x, :y)
\set hi greatest(:x, :y)
\set day random(0, 27)
\set amount random(1, 1000000)
\set contra 0 - :amount
begin;
insert into entry (day, description) values (current_date - :day::int, 'Sale of the day') returning id \gset
insert into line (entry_id, line_no, account_id, day, amount) values (:id, 1, :lo, current_date - :day::int, :amount), (:id, 2, :hi, current_date - :day::int, :contra);
update account set balance = balance + :amount where id = :lo;
update account set balance = balance - :amount where id = :hi;
commit;
