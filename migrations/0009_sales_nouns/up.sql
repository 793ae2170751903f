/* Products, quotations and recurring invoices. */

select 1;
