/* Products, quotations and recurring invoices. */

select 1;

/* Where a document came from: a quotation, a credited invoice, a recurring invoice. */
create index document_by_source on document (business_id, source_document_id)
  where source_document_id is not null;
create index document_by_recurring on document (business_id, (details ->> 'recurringId'))
  where details ->> 'recurringId' is not null;
