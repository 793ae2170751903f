/* Rendered documents, kept by their content. */

select 1;
