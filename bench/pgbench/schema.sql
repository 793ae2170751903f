/* The denominator's own tables: a plain double entry with its balances, and nothing else on top. */
drop table if exists line, entry, account;

create table account (
  id int primary key,
  balance bigint not null default 0
) with (fillfactor = 50);
insert into account (id) select generate_series(1, 1000);

create table entry (
  id bigint generated always as identity primary key,
  day date not null,
  description text not null,
  recorded_at timestamptz not null default now()
);

create table line (
  entry_id bigint not null,
  line_no smallint not null,
  account_id int not null,
  day date not null,
  amount bigint not null,
  primary key (entry_id, line_no)
);
create index line_by_account on line (account_id, day, entry_id, line_no);

vacuum analyze account;
