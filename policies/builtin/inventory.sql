-- What a server has of its own: a line per overload of a function, a line per table or view. Run on a server without
-- extensions with psql -XAt -F <tab>; scripts/generate_builtin_lists.py does.
select 'function', n.nspname, p.proname, '(' || pg_catalog.oidvectortypes(p.proargtypes) || ')',
       pg_catalog.pg_get_function_result(p.oid), p.provolatile::text,
       coalesce(pg_catalog.obj_description(p.oid, 'pg_proc'), '')
  from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
 where n.nspname in ('pg_catalog', 'information_schema');

select 'relation', n.nspname, c.relname,
       (select string_agg(a.attname, ' ' order by a.attnum) from pg_catalog.pg_attribute a
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
       c.relkind::text, '', coalesce(pg_catalog.obj_description(c.oid, 'pg_class'), '')
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where n.nspname in ('pg_catalog', 'information_schema') and c.relkind not in ('i', 'I', 'S', 'c', 't');
