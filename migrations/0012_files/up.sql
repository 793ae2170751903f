/* Files of a business. Named by what is in it: the same picture is kept once, and a document that was
   issued with it shows it for ever. */
create table file (
  business_id uuid not null,
  sha256 bytea not null check (length(sha256) = 32),
  media_type text not null check (media_type in ('image/png', 'image/jpeg')),
  width_px int not null check (width_px between 1 and 4000),
  height_px int not null check (height_px between 1 and 4000),
  content bytea not null check (length(content) between 1 and 1048576),
  created_at timestamptz not null,
  primary key (business_id, sha256)
);
select secure_table('file', 'business_id', 'tallystick.business_id');
select make_append_only('file');
