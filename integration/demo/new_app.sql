-- The new app: the same business as pgbench's own script, in the new shape.
\set aid random(1, 100000 * :scale)
\set bid random(1, 1 * :scale)
\set tid random(1, 10 * :scale)
\set cents random(-5000, 5000)
BEGIN;
UPDATE pgbench_accounts
   SET abalance = abalance + :cents / 100.0,
       status = CASE WHEN abalance + :cents / 100.0 < 0 THEN 'overdrawn' ELSE 'good' END,
       note = 'moved ' || :cents || ' cents'
 WHERE aid = :aid;
SELECT abalance, status, note FROM pgbench_accounts WHERE aid = :aid;
UPDATE pgbench_tellers SET tbalance = tbalance + :cents WHERE tid = :tid;
UPDATE pgbench_branches SET bbalance = bbalance + :cents WHERE bid = :bid;
INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (:tid, :bid, :aid, :cents, CURRENT_TIMESTAMP);
END;
