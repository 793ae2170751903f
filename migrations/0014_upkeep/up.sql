/* Upkeep: a demo that is taken away, what a restore holds, when keys were used, events that are old. */

/* Test businesses that the demo made, and that it may take away again. */
create table demo_business (
  organization_id uuid not null references organization,
  business_id uuid not null,
  marked_at timestamptz not null,
  primary key (organization_id, business_id)
);
select secure_table('demo_business', 'organization_id', 'tallystick.organization_id');
grant insert on demo_business to tallystick_app;

/* Deletes every row of a test business that is marked as demo, in every table there is, and answers
   how many rows that were; null, and nothing is touched, for any other business. */
create function remove_demo_business(organization uuid, business uuid) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  target record;
  removed bigint := 0;
  found_rows bigint;
begin
  perform from business as b
    join demo_business as d
      on d.organization_id = b.organization_id and d.business_id = b.business_id
    where b.organization_id = organization and b.business_id = business and b.environment = 'test'
      and organization = nullif(current_setting('tallystick.organization_id', true), '')::uuid
    for update of b;
  if not found then
    return null;
  end if;
  perform from lane_head where tenant_id = business for update;
  perform set_config('tallystick.removes_demo', 'on', true);

  delete from endpoint_secret as s using endpoint as e
  where e.organization_id = organization and e.business_id = business
    and s.organization_id = e.organization_id and s.endpoint_id = e.endpoint_id;
  delete from webhook_notice as n using endpoint as e
  where e.organization_id = organization and e.business_id = business
    and n.organization_id = e.organization_id and n.endpoint_id = e.endpoint_id;
  delete from limit_counter where organization_id = organization and subject = business;

  /* What refers to other rows first: a table comes after those whose keys point to it. */
  for target in
    with recursive own as (
      select c.oid as id, a.attname as tenant_column
      from pg_class as c
      join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        and a.attname in ('business_id', 'tenant_id') and a.atttypid = 'uuid'::regtype
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
    ), depth (id, level) as (
      select id, 0 from own
      union
      select k.confrelid, d.level + 1
      from depth as d
      join pg_constraint as k on k.contype = 'f' and k.conrelid = d.id and k.confrelid <> d.id
      where d.level < 20
    )
    select o.id::regclass as name, o.tenant_column, max(d.level) as level
    from own as o join depth as d using (id)
    group by o.id, o.tenant_column order by max(d.level), o.id
  loop
    execute format('delete from %s where %I = $1', target.name, target.tenant_column) using business;
    get diagnostics found_rows = row_count;
    removed := removed + found_rows;
  end loop;
  perform set_config('tallystick.removes_demo', '', true);
  return removed;
end $$;
revoke all on function remove_demo_business(uuid, uuid) from public;
grant execute on function remove_demo_business(uuid, uuid) to tallystick_app;

/* While there is a row, nothing leaves the installation: it was restored, and what it says is waiting
   may have been sent since. It belongs to no tenant. */
create table outgoing_hold (
  is_only boolean primary key default true check (is_only),
  held_at timestamptz not null
);

/* When a key was last admitted, and how often. */
create table key_usage (
  organization_id uuid not null references organization,
  key_id uuid not null,
  last_used_at timestamptz not null,
  calls bigint not null check (calls > 0),
  primary key (organization_id, key_id)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
select secure_table('key_usage', 'organization_id', 'tallystick.organization_id');

create function note_key_uses(now_ms bigint, organizations uuid[], keys uuid[], uses int[]) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform set_config('synchronous_commit', 'off', true);
  insert into key_usage as u (organization_id, key_id, last_used_at, calls)
  select w.organization_id, w.key_id, to_timestamp(now_ms / 1000.0), w.uses
  from unnest(organizations, keys, uses) as w (organization_id, key_id, uses)
  order by w.organization_id, w.key_id
  on conflict (organization_id, key_id) do update set calls = u.calls + excluded.calls,
    last_used_at = greatest(u.last_used_at, excluded.last_used_at);
end $$;
revoke all on function note_key_uses(bigint, uuid[], uuid[], int[]) from public;
grant execute on function note_key_uses(bigint, uuid[], uuid[], int[]) to tallystick_app;

/* Forgets events from before an instant, the oldest of each tenant first, at most so many, and
   answers how many. What an endpoint has not been given yet is kept, and so is the newest of all. */
create function forget_events(before timestamptz, most int) returns int
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  t record;
  upto bigint;
  forgotten int := 0;
  found_rows int;
begin
  perform set_config('tallystick.forgets_events', 'on', true);
  for t in
    select h.tenant_id, h.event_seq, coalesce(c.sequence, 0) as given,
      exists (select from endpoint as e
        where e.deleted_at is null and e.organization_id = coalesce(
          (select b.organization_id from business as b where b.business_id = h.tenant_id), h.tenant_id)
      ) as is_heard
    from lane_head as h
    left join event_cursor as c on c.tenant_id = h.tenant_id
    cross join lateral (
      select x.at from event as x where x.tenant_id = h.tenant_id order by x.sequence limit 1) as first
    where first.at < before
    order by h.tenant_id
  loop
    exit when forgotten >= most;
    upto := coalesce((
      select x.sequence from event as x
      where x.tenant_id = t.tenant_id and x.at >= before order by x.sequence limit 1), t.event_seq);
    if t.is_heard then
      upto := least(upto, t.given + 1);
    end if;
    delete from event as d using (
      select x.sequence from event as x
      where x.tenant_id = t.tenant_id and x.sequence < upto
      order by x.sequence limit most - forgotten
    ) as old
    where d.tenant_id = t.tenant_id and d.sequence = old.sequence;
    get diagnostics found_rows = row_count;
    forgotten := forgotten + found_rows;
  end loop;
  perform set_config('tallystick.forgets_events', '', true);
  return forgotten;
end $$;
revoke all on function forget_events(timestamptz, int) from public;
