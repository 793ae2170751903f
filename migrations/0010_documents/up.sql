/* Documents as PDF, sealed and kept by what went into them: an issued document gives the same bytes for
   ever, also after the templates or the engine have changed. */

create table document_file (
  business_id uuid not null,
  file_id uuid not null,
  /* SHA-256 of the input it was rendered from. */
  input_sha256 bytea not null check (length(input_sha256) = 32),
  document_id uuid not null,
  template_version int not null check (template_version > 0),
  sealed_content bytea not null,
  created_at timestamptz not null,
  primary key (business_id, file_id),
  constraint document_file_once unique (business_id, input_sha256)
);
select secure_table('document_file', 'business_id', 'tallystick.business_id');
select make_append_only('document_file');
select keep_all_but_seal('document_file', 'sealed_content');
