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
   reached         the day whose quota a Connect client has used up, that quota, and whether it was told
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
  reached_day bigint,
  reached_quota int,
  reached_told boolean not null default false,
  processes bigint[] not null default '{}',
  slots int[] not null default '{}',
  leases bigint[] not null default '{}'
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
select secure_table('limit_counter', 'organization_id', 'tallystick.organization_id');
grant update (reached_day, reached_told) on limit_counter to tallystick_app;
create index limit_counter_reached on limit_counter (reached_day) where reached_day is not null;

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

/* ------- credits: a ledger of its own, in calls and in money ------- */

/* notice: 1 below 20 %, 2 below 5 %, 3 at none of the last grant; announced: what was told of it. */
create table meter_account (
  organization_id uuid not null references organization,
  code text not null check (code in ('available', 'held', 'consumed', 'granted', 'expired', 'voided')),
  asset text not null check (asset = 'CALL' or asset ~ '^[A-Z]{3}$'),
  balance bigint not null default 0,
  floor bigint,
  notice int not null default 0,
  announced int not null default 0,
  primary key (organization_id, code, asset),
  constraint meter_floor check (balance >= floor)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
select secure_table('meter_account', 'organization_id', 'tallystick.organization_id');
grant insert, update on meter_account to tallystick_app;

create table meter_entry (
  organization_id uuid not null references organization,
  entry_id uuid not null default gen_random_uuid(),
  kind text not null check (kind in ('grant', 'hold', 'settle', 'release', 'expire', 'void')),
  at timestamptz not null,
  source text not null,
  note text,
  primary key (organization_id, entry_id),
  constraint meter_source_unique unique (organization_id, source)
);
select secure_table('meter_entry', 'organization_id', 'tallystick.organization_id');
select make_append_only('meter_entry');
create index meter_entry_by_time on meter_entry (organization_id, at desc, entry_id desc);

create table meter_line (
  organization_id uuid not null,
  entry_id uuid not null,
  account_code text not null,
  asset text not null,
  amount bigint not null check (amount <> 0),
  primary key (organization_id, entry_id, account_code, asset),
  constraint meter_line_of_entry foreign key (organization_id, entry_id) references meter_entry,
  constraint meter_line_of_account foreign key (organization_id, account_code, asset) references meter_account
);
select secure_table('meter_line', 'organization_id', 'tallystick.organization_id');
select make_append_only('meter_line');

create function guard_meter_entry() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if exists (
    select 1 from meter_line as x
    where x.organization_id = new.organization_id and x.entry_id = new.entry_id
    group by x.asset having sum(x.amount) <> 0) then
    raise exception using errcode = 'TS002', constraint = 'meter_entry_balanced',
      message = format('meter entry %s does not balance', new.entry_id);
  end if;
  return null;
end $$;
create constraint trigger meter_entry_balanced after insert on meter_line
  deferrable initially deferred for each row execute function guard_meter_entry();

create table meter_grant (
  organization_id uuid not null references organization,
  grant_id uuid not null default gen_random_uuid(),
  asset text not null,
  amount bigint not null check (amount > 0),
  remaining bigint not null check (remaining between 0 and amount),
  priority int not null default 100,
  expires_at timestamptz,
  reason text not null check (length(reason) between 1 and 250),
  created_at timestamptz not null,
  voided_at timestamptz,
  primary key (organization_id, grant_id)
);
select secure_table('meter_grant', 'organization_id', 'tallystick.organization_id');
grant insert, update on meter_grant to tallystick_app;
create index meter_grant_ending on meter_grant (organization_id, expires_at) where remaining > 0;

/* is_posted: the ledger has what became of it. A write says `settled` in its own commit. */
create table charge (
  organization_id uuid not null references organization,
  request_id uuid not null,
  key_id uuid not null,
  operation text not null,
  units bigint not null check (units > 0),
  asset text not null,
  state text not null check (state in ('held', 'settled', 'released')),
  is_posted boolean not null default false,
  held_at timestamptz not null,
  primary key (organization_id, request_id)
);
select secure_table('charge', 'organization_id', 'tallystick.organization_id');
grant update on charge to tallystick_app;
create index charge_open on charge (held_at) where not is_posted;

/* Calls with live keys by day in UTC. `counted` succeeded on a route that is charged where metered. */
create table usage_day (
  organization_id uuid not null references organization,
  day date not null,
  calls bigint not null default 0,
  succeeded bigint not null default 0,
  refused bigint not null default 0,
  failed bigint not null default 0,
  counted bigint not null default 0,
  charged bigint not null default 0,
  last_counted_at timestamptz,
  primary key (organization_id, day)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
select secure_table('usage_day', 'organization_id', 'tallystick.organization_id');

/* Moves an amount between two accounts of the meter, with its entry. A source is posted once. */
create function post_meter(
  organization uuid, of_kind text, of_source text, of_note text, moment timestamptz,
  of_asset text, from_code text, to_code text, moved bigint) returns void
language plpgsql as $$
declare
  entry uuid;
begin
  if moved = 0 then
    return;
  end if;
  insert into meter_account (organization_id, code, asset, floor)
  select organization, x.code, of_asset, case when x.code in ('available', 'held') then 0 end
  from unnest(array[from_code, to_code]) as x (code)
  order by x.code on conflict do nothing;
  insert into meter_entry (organization_id, kind, at, source, note)
  values (organization, of_kind, moment, of_source, of_note) returning entry_id into entry;
  insert into meter_line (organization_id, entry_id, account_code, asset, amount)
  values (organization, entry, from_code, of_asset, -moved), (organization, entry, to_code, of_asset, moved);
  update meter_account as x set balance = x.balance + case when x.code = to_code then moved else -moved end
  where x.organization_id = organization and x.asset = of_asset and x.code in (from_code, to_code);
end $$;

/* What has ended is no longer available. What is held stays, in the grants that are used first. */
create function expire_grants(organization uuid, moment timestamptz) returns void
language plpgsql as $$
declare
  g record;
  kept bigint := 0;
  asset_before text := '';
  part bigint;
begin
  for g in
    select x.grant_id, x.asset, x.remaining, x.expires_at,
      coalesce((select a.balance from meter_account as a
        where a.organization_id = organization and a.code = 'held' and a.asset = x.asset), 0) as held
    from meter_grant as x
    where x.organization_id = organization and x.remaining > 0
    order by x.asset, x.priority, x.expires_at nulls last, x.created_at, x.grant_id
  loop
    if g.asset <> asset_before then
      kept := g.held;
      asset_before := g.asset;
    end if;
    part := greatest(0, g.remaining - kept);
    kept := greatest(0, kept - g.remaining);
    if g.expires_at <= moment and part > 0 then
      perform post_meter(organization, 'expire', format('expire:%s:%s', g.grant_id, g.remaining), null,
        moment, g.asset, 'available', 'expired', part);
      update meter_grant as x set remaining = x.remaining - part
      where x.organization_id = organization and x.grant_id = g.grant_id;
    end if;
  end loop;
end $$;

/* Locks the meter of an organization; the first time it is given its trial calls. */
create function lock_meter(organization uuid, trial_calls bigint, moment timestamptz) returns void
language plpgsql as $$
begin
  insert into meter_account (organization_id, code, asset, floor)
  values (organization, 'available', 'CALL', 0) on conflict do nothing;
  perform 1 from meter_account as x
  where x.organization_id = organization and x.code in ('available', 'held')
  order by x.code, x.asset for update;
  if trial_calls > 0 and not exists (
    select 1 from meter_entry as x where x.organization_id = organization and x.source = 'trial') then
    insert into meter_grant (organization_id, asset, amount, remaining, priority, reason, created_at)
    values (organization, 'CALL', trial_calls, trial_calls, 0, 'trial', moment);
    perform post_meter(organization, 'grant', 'trial', 'trial', moment, 'CALL', 'granted', 'available', trial_calls);
  end if;
  if exists (
    select 1 from meter_grant as x
    where x.organization_id = organization and x.remaining > 0 and x.expires_at <= moment) then
    perform expire_grants(organization, moment);
  end if;
end $$;

/* What became of calls: charges of one organization are settled or given back, once. */
create function close_charges(organization uuid, requests uuid[], settled boolean[], moment timestamptz) returns void
language plpgsql as $$
declare
  c record;
  g record;
  rest bigint;
  part bigint;
begin
  perform lock_meter(organization, 0, moment);
  for c in
    with done as (
      update charge as x set is_posted = true,
        state = case when x.state <> 'held' then x.state when w.is_settled then 'settled' else 'released' end
      from unnest(requests, settled) as w (request_id, is_settled)
      where x.organization_id = organization and x.request_id = w.request_id and not x.is_posted
      returning x.asset, x.state, x.units, x.request_id
    )
    select asset, state, sum(units)::bigint as units, count(*) as calls, min(request_id::text) as first
    from done group by asset, state order by asset, state
  loop
    if c.state = 'released' then
      perform post_meter(organization, 'release', 'release:' || c.first, null, moment, c.asset, 'held', 'available', c.units);
    else
      perform post_meter(organization, 'settle', 'settle:' || c.first, null, moment, c.asset, 'held', 'consumed', c.units);
      rest := c.units;
      for g in
        select x.grant_id, x.remaining from meter_grant as x
        where x.organization_id = organization and x.asset = c.asset and x.remaining > 0
        order by x.priority, x.expires_at nulls last, x.created_at, x.grant_id
      loop
        exit when rest = 0;
        part := least(rest, g.remaining);
        update meter_grant as x set remaining = x.remaining - part
        where x.organization_id = organization and x.grant_id = g.grant_id;
        rest := rest - part;
      end loop;
      insert into usage_day as u (organization_id, day, charged)
      values (organization, (moment at time zone 'UTC')::date, c.calls)
      on conflict (organization_id, day) do update set charged = u.charged + excluded.charged;
    end if;
  end loop;
end $$;

/* Calls that have ended, of many organizations: their charges, and what is counted of the rest. */
create function finish_calls(
  now_ms bigint, organizations uuid[], requests uuid[], settled boolean[],
  counted_organizations uuid[], calls int[], succeeded int[], refused int[], failed int[], counted int[]) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  moment constant timestamptz := to_timestamp(now_ms / 1000.0);
  o record;
begin
  perform set_config('synchronous_commit', 'off', true);
  for o in
    select w.organization_id, array_agg(w.request_id) as requests, array_agg(w.is_settled) as settled
    from unnest(organizations, requests, settled) as w (organization_id, request_id, is_settled)
    group by w.organization_id order by w.organization_id
  loop
    perform close_charges(o.organization_id, o.requests, o.settled, moment);
  end loop;
  insert into usage_day as u (organization_id, day, calls, succeeded, refused, failed, counted, last_counted_at)
  select w.organization_id, (moment at time zone 'UTC')::date, w.calls, w.succeeded, w.refused, w.failed, w.counted,
    case when w.counted > 0 then moment end
  from unnest(counted_organizations, calls, succeeded, refused, failed, counted)
    as w (organization_id, calls, succeeded, refused, failed, counted)
  order by w.organization_id
  on conflict (organization_id, day) do update set calls = u.calls + excluded.calls,
    succeeded = u.succeeded + excluded.succeeded, refused = u.refused + excluded.refused,
    failed = u.failed + excluded.failed, counted = u.counted + excluded.counted,
    last_counted_at = greatest(u.last_counted_at, excluded.last_counted_at);
end $$;
revoke all on function finish_calls(
  bigint, uuid[], uuid[], boolean[], uuid[], int[], int[], int[], int[], int[]) from public;
grant execute on function finish_calls(
  bigint, uuid[], uuid[], boolean[], uuid[], int[], int[], int[], int[], int[]) to tallystick_app;

/* Who calls, and may they now? One batched question before any tenant is known, hence with the
   owner's rights. An item stands for `count` equal requests; of these the first `granted` are
   admitted. An unknown hash has a null key_id. What was used is counted before these requests.
   An item with a subject instead of a hash gives slots of a process back and renews its lease.
   Rows of counters are locked in the order of organization and subject. Times are in ms. */
create function admit(
  now_ms bigint, process bigint, hashes bytea[], business_ids uuid[], addresses inet[], costs int[],
  counts int[], subjects uuid[], organizations uuid[], processes bigint[], meterings int[], offsets int[],
  request_ids uuid[], operations text[])
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
  slot_limit int, slot_used int,
  is_metered boolean, held int, trial_calls int, has_credits boolean, credit_balance bigint, price bigint,
  notice int
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
  owner_before uuid;
  trial bigint;
  credit bigint;
  given bigint;
  told int;
begin
  perform set_config('synchronous_commit', 'off', true);
  for g in
    select q.*, bool_or(q.is_charged) over (partition by q.owner) as has_charges,
      max((q.limits ->> 'trialCalls')::bigint) over (partition by q.owner) as owner_trial_calls from (
    select i.item, i.cost, i.count, i.hash, i.process, i.first,
      i.metering > 0 and k.surface = 'books' and k.environment = 'live'
        and ((v.limits || coalesce(x.limits, '{}')) ->> 'metered')::boolean
        and ((v.limits || coalesce(x.limits, '{}')) ->> 'pricePerCallKobo')::bigint > 0
        and (i.metering < 3 or p.plan = 'enterprise') and (i.metering in (1, 3) or p.status <> 'expired' and b.environment = 'live'
          and b.status in ('active', 'archived')
          and (k.business_ids is null or b.business_id = any (k.business_ids))) as is_charged,
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
    from unnest(hashes, business_ids, addresses, costs, counts, subjects, organizations, processes, meterings, offsets)
      with ordinality as i
        (hash, business_id, address, cost, count, subject, organization_id, process, metering, first, item)
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
    ) as q
    order by q.owner, q.subject, q.hash is not null, q.item
  loop
    /* The meter first, then the counters: whoever takes both takes them in this order. */
    if g.has_charges and g.owner is distinct from owner_before then
      /* The first row of an owner may give back a slot: it has no key, and so no limits of its own. */
      perform lock_meter(g.owner, g.owner_trial_calls, moment);
    end if;
    owner_before := g.owner;
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
    is_metered := coalesce(g.is_charged, false);
    held := 0;
    notice := 0;
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
      if violated = 'day' and surface = 'connect' and c.reached_day is distinct from c.day_start then
        notice := 1;
        update limit_counter as x set reached_day = c.day_start, reached_quota = day_limit, reached_told = false
        where x.subject = c.subject;
      end if;
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
    if is_metered then
      /* Trial calls first, then money; who gets neither is told which of the two has ended. */
      trial_calls := (g.limits ->> 'trialCalls')::int;
      price := (g.limits ->> 'pricePerCallKobo')::bigint;
      trial := coalesce((select x.balance from meter_account as x
        where x.organization_id = g.owner and x.code = 'available' and x.asset = 'CALL'), 0);
      select x.balance, x.notice into credit, told from meter_account as x
      where x.organization_id = g.owner and x.code = 'available' and x.asset = 'NGN';
      has_credits := found;
      credit_balance := coalesce(credit, 0);
      trial := least(granted, trial);
      credit := least(granted - trial, credit_balance / price);
      held := trial + credit;
      if held > 0 then
        insert into charge (organization_id, request_id, key_id, operation, units, asset, state, held_at)
        select g.owner, r.request_id, g.key_id, r.operation,
          case when r.place <= trial then 1 else price end,
          case when r.place <= trial then 'CALL' else 'NGN' end, 'held', moment
        from unnest(request_ids[g.first:g.first + held - 1], operations[g.first:g.first + held - 1])
          with ordinality as r (request_id, operation, place);
        perform post_meter(g.owner, 'hold', 'hold:' || request_ids[g.first], null, moment,
          'CALL', 'available', 'held', trial);
        perform post_meter(g.owner, 'hold', 'hold:' || request_ids[g.first + trial::int], null, moment,
          'NGN', 'available', 'held', credit * price);
      end if;
      if has_credits then
        given := (select x.amount from meter_grant as x
          where x.organization_id = g.owner and x.asset = 'NGN' order by x.created_at desc, x.grant_id desc limit 1);
        credit := credit_balance - credit * price;
        k := case when credit < price then 3 when credit * 20 < given then 2 when credit * 5 < given then 1 else 0 end;
        if k > told then
          notice := k;
          update meter_account as x set notice = k
          where x.organization_id = g.owner and x.code = 'available' and x.asset = 'NGN';
        end if;
      end if;
    end if;
    return next;
  end loop;
end $$;
revoke all on function admit(
  bigint, bigint, bytea[], uuid[], inet[], int[], int[], uuid[], uuid[], bigint[], int[], int[], uuid[], text[]) from public;
grant execute on function admit(
  bigint, bigint, bytea[], uuid[], inet[], int[], int[], uuid[], uuid[], bigint[], int[], int[], uuid[], text[]) to tallystick_app;

/* For the sweeper: what was held too long goes back, and what a crash left is posted. Answers how many. */
create function sweep_charges(now_ms bigint, held_ms int) returns int
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  moment constant timestamptz := to_timestamp(now_ms / 1000.0);
  o record;
  swept int := 0;
begin
  for o in
    select x.organization_id, array_agg(x.request_id) as requests, array_agg(false) as settled
    from (
      select y.organization_id, y.request_id from charge as y
      where not y.is_posted and y.held_at <= moment - held_ms * interval '1 millisecond'
      order by y.held_at limit 10000
    ) as x
    group by x.organization_id order by x.organization_id
  loop
    perform close_charges(o.organization_id, o.requests, o.settled, moment);
    swept := swept + cardinality(o.requests);
  end loop;
  for o in
    select distinct x.organization_id from meter_grant as x
    where x.remaining > 0 and x.expires_at <= moment order by x.organization_id
  loop
    perform lock_meter(o.organization_id, 0, moment);
  end loop;
  return swept;
end $$;
revoke all on function sweep_charges(bigint, int) from public;
grant execute on function sweep_charges(bigint, int) to tallystick_app;
