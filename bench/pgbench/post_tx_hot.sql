-- A-hot: as A, with one account in every entry. It has the highest id and is taken last, so that
-- its row is held for the commit alone.
\set lo random(1, 999)
\set day random(0, 27)
\set amount random(1, 1000000)
\set contra 0 - :amount
begin;
insert into entry (day, description) values (current_date - :day::int, 'Sale of the day') returning id \gset
insert into line (entry_id, line_no, account_id, day, amount) values (:id, 1, :lo, current_date - :day::int, :amount), (:id, 2, 1000, current_date - :day::int, :contra);
update account set balance = balance + :amount where id = :lo;
update account set balance = balance - :amount where id = 1000;
commit;
