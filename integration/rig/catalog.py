"""The catalog fingerprint of a base schema: a text that two equal schemas share.

Everything that a native ALTER TABLE would leave or change is in it, by name and sorted; oids, physical
column order, the values of sequences and the server's own column versions (`pg_attver`) are not. A failed
comparison reads as a diff.
"""

RELATIONS = """
SELECT format('relation %s kind=%s owner=%s persistence=%s options=%s replica=%s rls=%s/%s partition=%s'
  ' acl=%s comment=%s',
  c.relname, c.relkind, pg_get_userbyid(c.relowner), c.relpersistence, c.reloptions, c.relreplident,
  c.relrowsecurity, c.relforcerowsecurity, pg_get_expr(c.relpartbound, c.oid),
  (SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM unnest(c.relacl) a), obj_description(c.oid, 'pg_class'))
FROM pg_class c WHERE c.relnamespace = %(schema)s::regnamespace AND c.relkind IN ('r','p','v','m','f','S')
"""

COLUMNS = r"""
SELECT format('column %s.%s %s notnull=%s default=%s identity=%s generated=%s collation=%s target=%s storage=%s'
  ' compression=%s options=%s acl=%s comment=%s',
  c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid),
  a.attidentity, a.attgenerated, a.attcollation::regcollation, a.attstattarget, a.attstorage, a.attcompression,
  (SELECT string_agg(o, ' ' ORDER BY o) FROM unnest(a.attoptions) o WHERE o NOT LIKE 'pg\_attver=%'),
  (SELECT string_agg(x::text, ' ' ORDER BY x::text) FROM unnest(a.attacl) x),
  col_description(c.oid, a.attnum))
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = %(schema)s::regnamespace AND c.relkind IN ('r','p','v','m','f')
"""

CONSTRAINTS = """
SELECT format('constraint %s.%s %s validated=%s comment=%s', c.relname, k.conname, pg_get_constraintdef(k.oid),
  k.convalidated, obj_description(k.oid, 'pg_constraint'))
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE c.relnamespace = %(schema)s::regnamespace
"""

INDEXES = """
SELECT format('index %s valid=%s ready=%s clustered=%s replica=%s options=%s constraint=%s comment=%s',
  pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisready, i.indisclustered, i.indisreplident, x.reloptions,
  (SELECT conname FROM pg_constraint WHERE conindid = i.indexrelid AND contype IN ('p','u','x')),
  obj_description(i.indexrelid, 'pg_class'))
FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_class c ON c.oid = i.indrelid
WHERE c.relnamespace = %(schema)s::regnamespace
"""

TRIGGERS = """
SELECT format('trigger %s.%s enabled=%s %s comment=%s', c.relname, t.tgname, t.tgenabled, pg_get_triggerdef(t.oid),
  obj_description(t.oid, 'pg_trigger'))
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace = %(schema)s::regnamespace AND NOT t.tgisinternal
UNION ALL
SELECT format('rule %s.%s %s', c.relname, r.rulename, pg_get_ruledef(r.oid))
FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class WHERE c.relnamespace = %(schema)s::regnamespace
UNION ALL
SELECT format('policy %s.%s %s %s %s using=%s check=%s', c.relname, p.polname, p.polcmd, p.polpermissive,
  (SELECT string_agg(pg_get_userbyid(r), ',' ORDER BY r) FROM unnest(p.polroles) r),
  pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE c.relnamespace = %(schema)s::regnamespace
"""

SEQUENCES = """
SELECT format('sequence %s %s start=%s by=%s min=%s max=%s cache=%s cycle=%s owned=%s', c.relname,
  s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle,
  (SELECT format('%s.%s (%s)', o.relname, a.attname, d.deptype) FROM pg_depend d JOIN pg_class o ON o.oid = d.refobjid
   JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
   WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass
     AND d.deptype IN ('a','i')))
FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid WHERE c.relnamespace = %(schema)s::regnamespace
"""

OTHERS = """
SELECT format('function %s acl=%s %s', p.oid::regprocedure, p.proacl, pg_get_functiondef(p.oid))
FROM pg_proc p WHERE p.pronamespace = %(schema)s::regnamespace AND p.prokind IN ('f','p')
UNION ALL
SELECT format('type %s %s %s', t.typname, t.typtype,
  (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid))
FROM pg_type t WHERE t.typnamespace = %(schema)s::regnamespace AND t.typtype IN ('e','d','r')
UNION ALL
SELECT format('statistics %s', pg_get_statisticsobjdef(s.oid)) FROM pg_statistic_ext s
WHERE s.stxnamespace = %(schema)s::regnamespace
UNION ALL
SELECT format('publication %s %s.%s columns=%s where=%s', p.pubname, p.schemaname, p.tablename,
  (SELECT array_agg(n ORDER BY n) FROM unnest(p.attnames) n), p.rowfilter)
FROM pg_publication_tables p WHERE p.schemaname = %(name)s
UNION ALL
SELECT format('inherits %s from %s', i.inhrelid::regclass, i.inhparent::regclass)
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE c.relnamespace = %(schema)s::regnamespace AND c.relkind IN ('r','p')
UNION ALL
SELECT format('default acl %s %s %s', pg_get_userbyid(defaclrole), defaclobjtype,
  (SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM unnest(defaclacl) a))
FROM pg_default_acl WHERE defaclnamespace = %(schema)s::regnamespace
UNION ALL
SELECT format('schema %s owner=%s acl=%s comment=%s', nspname, pg_get_userbyid(nspowner),
  (SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM unnest(nspacl) a), obj_description(oid, 'pg_namespace'))
FROM pg_namespace WHERE nspname = %(name)s
"""


def fingerprint(database, schema=None):
    """The text, one line an object. Ends with a newline, so that pytest shows a plain diff."""
    schema = schema or database.schema
    lines = []
    for query in (RELATIONS, COLUMNS, CONSTRAINTS, INDEXES, TRIGGERS, SEQUENCES, OTHERS):
        filled = query.replace("%(schema)s", _literal('"' + schema.replace('"', '""') + '"'))
        filled = filled.replace("%(name)s", _literal(schema))
        lines += [line for (line,) in database.execute(filled, role="postgres")]
    return "\n".join(sorted(lines)) + "\n"


def _literal(text):
    return "'" + text.replace("'", "''") + "'"
