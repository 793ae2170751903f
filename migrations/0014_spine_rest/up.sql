/* What removes a demo business whole. */

select 1;
