/* Requests as they were answered, for search. */

select 1;
