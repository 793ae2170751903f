/* Keys of organizations, wrapped by the master key. */

select 1;
