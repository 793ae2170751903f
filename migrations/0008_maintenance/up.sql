/* What the operator has ordered for the whole installation; the newest row holds, the others tell
   who ordered what before. It belongs to no tenant and holds nothing of one. */

create table maintenance (
  maintenance_id bigint generated always as identity primary key,
  mode text not null check (mode in ('off', 'read_only', 'full')),
  message text check (length(message) between 1 and 250),
  until timestamptz,
  ordered_by text not null check (length(ordered_by) between 1 and 100),
  recorded_at timestamptz not null
);
grant select on maintenance to tallystick_app, tallystick_read;
