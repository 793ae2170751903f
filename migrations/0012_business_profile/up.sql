/* What a business says about itself, and its files. */

select 1;
