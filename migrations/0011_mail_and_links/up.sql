/* Messages to people, and links to hosted pages. */

select 1;
