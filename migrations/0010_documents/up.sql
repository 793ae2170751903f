/* Documents as PDF, kept by what went into them: an issued document gives the same bytes for
   ever, also after the templates or the engine have changed. */

create table document_file (
  business_id uuid not null,
  /* SHA-256 of the input it was rendered from. */
  input_sha256 bytea not null check (length(input_sha256) = 32),
  document_id uuid not null,
  template_version int not null check (template_version > 0),
  content bytea not null check (length(content) > 0),
  created_at timestamptz not null,
  primary key (business_id, input_sha256)
);
select secure_table('document_file', 'business_id', 'tallystick.business_id');
select make_append_only('document_file');
