/* Plans with their limits, and what has been used of them.
   Limits are dated rows, read by every admission: a change takes effect with the next one. */

create table plan_version (
  surface text not null check (surface in ('invoicing', 'books', 'connect')),
  plan text not null check (length(plan) between 1 and 40),
  valid_from date not null,
  limits jsonb not null check (jsonb_typeof(limits) = 'object'),
  primary key (surface, plan, valid_from)
);
grant select on plan_version to tallystick_app, tallystick_read;

/* The newest row that is valid wins; a value of null is no limit. valid_to is the first day without it. */
create table limit_override (
  organization_id uuid not null references organization,
  surface text not null check (surface in ('invoicing', 'books', 'connect')),
  limit_name text not null check (length(limit_name) between 1 and 40),
  value jsonb not null check (jsonb_typeof(value) in ('number', 'boolean', 'null')),
  valid_from date not null,
  valid_to date check (valid_to > valid_from),
  reason text not null check (length(reason) between 1 and 250),
  recorded_at timestamptz not null,
  primary key (organization_id, surface, limit_name, valid_from, recorded_at)
);
select secure_table('limit_override', 'organization_id', 'tallystick.organization_id');
grant insert on limit_override to tallystick_app;

create function default_plan(surface text) returns text language sql immutable as $$
  select case surface when 'invoicing' then 'basic' when 'books' then 'free' when 'connect' then 'trial' end
$$;

/* One row per subject: the business of an Invoicing key, a Books key, the organization of a Connect key.
   log      admitted instants of the last minute, ms after log_base, ascending (quotas to 2,000)
   buckets  requests per 100 ms, the last of them number bucket_last (larger quotas)
   hour, day       clock windows: start in ms, and what was admitted since
   companies       active companies of a Connect client: found at companies_at, and the day's first count
   process, slots, lease   requests in flight per process, and until when to believe them */
create table limit_counter (
  subject uuid primary key,
  organization_id uuid not null,
  log_base bigint not null default 0,
  log int[] not null default '{}',
  bucket_last bigint,
  bucket_total int not null default 0,
  buckets int[] not null default '{}',
  hour_start bigint not null default 0,
  hour_count int not null default 0,
  day_start bigint not null default 0,
  day_count int not null default 0,
  companies int,
  companies_at bigint,
  companies_day bigint,
  companies_floor int not null default 0,
  processes bigint[] not null default '{}',
  slots int[] not null default '{}',
  leases bigint[] not null default '{}'
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
select secure_table('limit_counter', 'organization_id', 'tallystick.organization_id');

create index dataset_complete on dataset (organization_id, connection_id, completed_at)
  where status = 'Complete';

/* Companies with a linked connection that was read in the last 31 days. */
create function count_active_companies(organization uuid, now_ms bigint) returns int
language sql stable as $$
  select count(distinct c.company_id)::int from connection as c
  where c.organization_id = organization and c.status = 'Linked' and exists (
    select 1 from dataset as d
    where d.organization_id = organization and d.connection_id = c.connection_id
      and d.status = 'Complete'
      and d.completed_at > to_timestamp(now_ms / 1000.0) - interval '31 days')
$$;

drop function admit(bytea[], uuid[]);

/* Who calls, and may they now? One batched question before any tenant is known, hence with the
   owner's rights. An item stands for `count` equal requests; of these the first `granted` are
   admitted. An unknown hash has a null key_id. What was used is counted before these requests.
   An item with a subject instead of a hash gives slots of a process back and renews its lease.
   Rows of counters are locked in the order of organization and subject. Times are in ms. */
create function admit(
  now_ms bigint, process bigint, hashes bytea[], business_ids uuid[], addresses inet[], costs int[],
  counts int[], subjects uuid[], organizations uuid[], processes bigint[])
returns table (
  item int, key_id uuid, organization_id uuid, surface text, environment text, key_business_id uuid,
  scopes text[], key_business_ids uuid[], allowed_networks text[], plan_at_issue text,
  created_at timestamptz, expires_at timestamptz,
  revoked_at timestamptz, disabled_at timestamptz, overlap_until timestamptz,
  organization_status text, organization_created_at timestamptz, plan text, plan_status text,
  business_id uuid, business_status text, business_environment text, business_suspended_at timestamptz,
  base_currency text, time_zone text,
  account_days_max int, subject uuid, is_usable boolean, is_counted boolean, granted int, violated text,
  minute_limit int, minute_used int, minute_next float8, minute_free float8,
  hour_limit int, hour_used int, hour_free float8,
  day_limit int, day_used int, day_free float8,
  slot_limit int, slot_used int
)
language plpgsql volatile security definer set search_path = public, pg_temp
/* One plan for all calls, made for tables that grow: planning would cost more than the look-ups. */
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
#variable_conflict use_column
declare
  lease constant int := 15000;
  today constant date := (to_timestamp(now_ms / 1000.0) at time zone 'UTC')::date;
  moment constant timestamptz := to_timestamp(now_ms / 1000.0);
  hour constant bigint := now_ms - now_ms % 3600000;
  day constant bigint := now_ms - now_ms % 86400000;
  g record;
  c limit_counter;
  own int;
  used int;
  need int;
  t bigint;
  k int;
  free_at bigint;
begin
  perform set_config('synchronous_commit', 'off', true);
  for g in
    select i.item, i.cost, i.count, i.hash, i.process,
      k.key_id, k.organization_id, k.surface, k.environment, k.business_id as key_business_id,
      k.scopes, k.business_ids as key_business_ids, k.allowed_networks::text[] as allowed_networks,
      k.plan_at_issue, k.created_at, k.expires_at, k.revoked_at, k.disabled_at, k.overlap_until,
      o.status as organization_status, o.created_at as organization_created_at,
      p.plan, p.status as plan_status, b.business_id, b.status as business_status,
      b.environment as business_environment, b.suspended_at as business_suspended_at,
      b.base_currency, b.time_zone,
      coalesce(i.subject, case k.surface
        when 'invoicing' then k.business_id when 'books' then k.key_id else k.organization_id end) as subject,
      coalesce(i.organization_id, k.organization_id) as owner,
      k.key_id is not null and (k.revoked_at is null or k.revoked_at > moment)
        and (k.disabled_at is null or k.disabled_at > moment)
        and (k.overlap_until is null or k.overlap_until > moment)
        and (k.expires_at is null or k.expires_at > moment)
        and (k.allowed_networks = '{}' or i.address <<= any (k.allowed_networks::inet[])) as is_usable,
      v.limits || coalesce(x.limits, '{}') as limits
    from unnest(hashes, business_ids, addresses, costs, counts, subjects, organizations, processes)
      with ordinality as i (hash, business_id, address, cost, count, subject, organization_id, process, item)
    left join api_key as k on k.hash = i.hash
    left join organization as o on o.organization_id = k.organization_id
    left join lateral (
      select s.plan, s.status from subscription as s
      where s.organization_id = k.organization_id and s.surface = k.surface and s.valid_from <= today
      order by s.valid_from desc, s.recorded_at desc limit 1
    ) as p on true
    left join lateral (
      select w.limits from plan_version as w
      where w.surface = k.surface and w.plan = coalesce(p.plan, default_plan(k.surface)) and w.valid_from <= today
      order by w.valid_from desc limit 1
    ) as v on true
    left join lateral (
      select jsonb_object_agg(w.limit_name, w.value order by w.valid_from, w.recorded_at) as limits
      from limit_override as w
      where w.organization_id = k.organization_id and w.surface = k.surface
        and w.valid_from <= today and (w.valid_to is null or w.valid_to > today)
    ) as x on true
    left join business as b
      on b.organization_id = k.organization_id and b.business_id = coalesce(k.business_id, i.business_id)
    order by owner, subject, i.hash is not null, i.item
  loop
    item := g.item;
    key_id := g.key_id;
    organization_id := g.organization_id;
    surface := g.surface;
    environment := g.environment;
    key_business_id := g.key_business_id;
    scopes := g.scopes;
    key_business_ids := g.key_business_ids;
    allowed_networks := g.allowed_networks;
    plan_at_issue := g.plan_at_issue;
    created_at := g.created_at;
    expires_at := g.expires_at;
    revoked_at := g.revoked_at;
    disabled_at := g.disabled_at;
    overlap_until := g.overlap_until;
    organization_status := g.organization_status;
    organization_created_at := g.organization_created_at;
    plan := g.plan;
    plan_status := g.plan_status;
    business_id := g.business_id;
    business_status := g.business_status;
    business_environment := g.business_environment;
    business_suspended_at := g.business_suspended_at;
    base_currency := g.base_currency;
    time_zone := g.time_zone;
    subject := g.subject;
    is_usable := g.is_usable;
    is_counted := false;
    granted := 0;
    violated := null;
    account_days_max := (g.limits ->> 'accountDaysMax')::int;
    minute_limit := null;
    hour_limit := null;
    day_limit := null;
    slot_limit := null;
    if g.hash is not null and not is_usable then
      return next;
      continue;
    end if;

    select * into c from limit_counter as x where x.subject = g.subject for update;
    if not found then
      insert into limit_counter (subject, organization_id) values (g.subject, g.owner) on conflict do nothing;
      select * into c from limit_counter as x where x.subject = g.subject for update;
    end if;

    /* Slots given back, and a sign of life of the process that holds the others. */
    if g.hash is null then
      own := array_position(c.processes, g.process);
      if own is not null then
        c.slots[own] := greatest(0, c.slots[own] - g.count);
        c.leases[own] := now_ms + lease;
        update limit_counter as x set slots = c.slots, leases = c.leases where x.subject = c.subject;
      end if;
      continue;
    end if;

    if g.limits is null then
      raise exception 'no version of plan % of % is valid', coalesce(plan, 'by default'), surface;
    end if;
    is_counted := organization_status = 'active' and case surface
      when 'books' then plan is not null and plan <> 'free'
      when 'connect' then account_days_max is null
        or moment <= organization_created_at + account_days_max * interval '1 day'
      else true end;
    granted := case when is_counted then g.count else 0 end;

    if surface <> 'connect' then
      minute_limit := (g.limits ->> 'requestsPerMinute')::int;
    end if;
    if minute_limit is not null then
      if minute_limit <= 2000 then
        if c.bucket_last is not null then
          /* From buckets: all of it counts as of now. */
          c.log_base := now_ms;
          c.log := array_fill(0, array[least(c.bucket_total, 2000)]);
          c.bucket_last := null;
          c.bucket_total := 0;
          c.buckets := '{}';
        end if;
        if cardinality(c.log) = 0 then
          c.log_base := now_ms;
        elsif now_ms - c.log_base > 1000000000 then
          c.log := array(select (x + c.log_base - now_ms)::int from unnest(c.log) as x order by x);
          c.log_base := now_ms;
        end if;
        t := now_ms - c.log_base;
        own := cardinality(c.log);
        if own > 0 and c.log[own] > t then
          /* Clocks of processes differ a little; one that was set back makes the future now. */
          if c.log[own] - t > 60000 then
            c.log := array(select least(x, t)::int from unnest(c.log) as x order by x);
          else
            t := c.log[own];
          end if;
        end if;
        k := width_bucket((t - 60000)::int, c.log);
        c.log := c.log[k + 1:];
        minute_used := cardinality(c.log);
        granted := least(granted, greatest(0, (minute_limit - minute_used) / g.cost));
        need := minute_used + granted * g.cost + g.cost - minute_limit;
        minute_next := case
          when need <= 0 then now_ms
          when need > minute_used then t + c.log_base + 60000
          else c.log[need] + c.log_base + 60000 end;
        free_at := coalesce(c.log[minute_used] + c.log_base + 60000, now_ms);
      else
        k := least(601, now_ms / 100 - c.bucket_last);
        if c.bucket_last is null then
          c.buckets := array_fill(0, array[601]);
          c.buckets[601] := cardinality(c.log);
          c.bucket_total := cardinality(c.log);
          c.bucket_last := now_ms / 100;
          c.log := '{}';
        elsif k > 0 then
          c.bucket_total := c.bucket_total - (select sum(x) from unnest(c.buckets[:k]) as x);
          c.buckets := c.buckets[k + 1:] || array_fill(0, array[k]);
          c.bucket_last := now_ms / 100;
        elsif k < -601 then
          c.bucket_last := now_ms / 100;
        end if;
        minute_used := c.bucket_total;
        granted := least(granted, greatest(0, (minute_limit - minute_used) / g.cost));
        need := minute_used + granted * g.cost + g.cost - minute_limit;
        minute_next := now_ms;
        if need > 0 then
          k := 0;
          while need > 0 and k < 601 loop
            k := k + 1;
            need := need - c.buckets[k];
          end loop;
          minute_next := (c.bucket_last + k) * 100;
        end if;
        free_at := case when minute_used > 0 then (c.bucket_last + 601) * 100 else now_ms end;
      end if;
    end if;

    if surface = 'books' then
      hour_limit := (g.limits ->> 'requestsPerHour')::int;
      if hour_limit is not null then
        /* A window that another process has begun already is the window. */
        hour_used := case when c.hour_start >= hour then c.hour_count else 0 end;
        c.hour_start := case when c.hour_start between hour and hour + 3600000 then c.hour_start else hour end;
        hour_free := c.hour_start + 3600000;
        granted := least(granted, greatest(0, (hour_limit - hour_used) / g.cost));
      end if;
    end if;

    if surface <> 'invoicing' then
      day_limit := (g.limits ->> 'requestsPerDay')::int;
      slot_limit := (g.limits ->> 'inFlightMax')::int;
      if surface = 'connect' then
        if c.companies_at is null or c.companies < 50 or abs(now_ms - c.companies_at) >= 1000 then
          k := count_active_companies(g.organization_id, now_ms);
          if c.companies_day is distinct from day then
            c.companies_day := day;
            c.companies_floor := k;
          end if;
          c.companies := greatest(k, c.companies_floor);
          c.companies_at := now_ms;
        end if;
        day_limit := day_limit * (1 + c.companies);
        slot_limit := slot_limit * greatest(1, c.companies);
      end if;
      if day_limit is not null then
        day_used := case when c.day_start >= day then c.day_count else 0 end;
        c.day_start := case when c.day_start between day and day + 86400000 then c.day_start else day end;
        day_free := c.day_start + 86400000;
        granted := least(granted, greatest(0, (day_limit - day_used) / g.cost));
      end if;
      if slot_limit is not null then
        own := array_position(c.processes, process);
        slot_used := (
          select coalesce(sum(x.held), 0) from unnest(c.processes, c.slots, c.leases) as x (id, held, until)
          where x.id = process or x.until > now_ms and x.until <= now_ms + 2 * lease);
        granted := least(granted, greatest(0, slot_limit - slot_used));
        if granted > 0 then
          if cardinality(c.processes) > 8 or own is null then
            /* Processes that have gone are forgotten. */
            select coalesce(array_agg(x.id), '{}') || case when own is null then array[process] else '{}' end,
              coalesce(array_agg(x.held), '{}') || case when own is null then array[0] else '{}' end,
              coalesce(array_agg(x.until), '{}') || case when own is null then array[now_ms] else '{}' end
            into c.processes, c.slots, c.leases
            from unnest(c.processes, c.slots, c.leases) as x (id, held, until)
            where x.id = process or abs(x.until - now_ms) < 60000;
            own := array_position(c.processes, process);
          end if;
          c.slots[own] := c.slots[own] + granted;
          c.leases[own] := now_ms + lease;
        end if;
      end if;
    end if;

    if is_counted and granted < g.count then
      used := granted * g.cost + g.cost;
      violated := case
        when minute_used + used > minute_limit then 'minute'
        when hour_used + used > hour_limit then 'hour'
        when day_used + used > day_limit then 'day'
        else 'slots' end;
    end if;
    minute_free := free_at;
    if granted > 0 then
      if minute_limit <= 2000 then
        minute_free := t + c.log_base + 60000;
        c.log := c.log || array_fill(t::int, array[granted * g.cost]);
      elsif minute_limit is not null then
        minute_free := (c.bucket_last + 601) * 100;
        c.buckets[601] := c.buckets[601] + granted * g.cost;
        c.bucket_total := c.bucket_total + granted * g.cost;
      end if;
      if hour_limit is not null then
        c.hour_count := hour_used + granted * g.cost;
      end if;
      if day_limit is not null then
        c.day_count := day_used + granted * g.cost;
      end if;
      update limit_counter as x set (log_base, log, bucket_last, bucket_total, buckets, hour_start, hour_count,
          day_start, day_count, companies, companies_at, companies_day, companies_floor, processes, slots, leases)
        = (c.log_base, c.log, c.bucket_last, c.bucket_total, c.buckets, c.hour_start, c.hour_count,
          c.day_start, c.day_count, c.companies, c.companies_at, c.companies_day, c.companies_floor,
          c.processes, c.slots, c.leases)
        where x.subject = c.subject;
    end if;
    return next;
  end loop;
end $$;
revoke all on function admit(
  bigint, bigint, bytea[], uuid[], inet[], int[], int[], uuid[], uuid[], bigint[]) from public;
grant execute on function admit(
  bigint, bigint, bytea[], uuid[], inet[], int[], int[], uuid[], uuid[], bigint[]) to tallystick_app;
