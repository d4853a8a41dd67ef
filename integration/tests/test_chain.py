"""Three live versions and more (traps 41 and 42): what each reads, whoever wrote, at every transition."""
import pytest

from rig.catalog import fingerprint
from rig.chain import NOTHING_OF_T, OPERATIONS, T, TO_MONEY, TO_TEXT, Chain, values, version_2, version_3
from rig.cli import KILLED


@pytest.fixture
def chain(db, cli):
    with Chain(db, cli) as running:
        yield running


def three(chain):
    chain.start(OPERATIONS["v2"], *version_2("public_v2"))
    chain.work()
    chain.start(OPERATIONS["v3"], *version_3("public_v3"))
    chain.work()


def test_a_life_of_three_and_four_versions_under_writers_with_misleading_paths(chain, db, cli):
    three(chain)
    chain.check()
    chain.end("complete", 1)
    chain.work()
    chain.check()
    before = fingerprint(db)
    fourth = chain.start_tenfold()
    chain.work()
    chain.check()
    chain.end("rollback", fourth)
    chain.work()
    chain.check()
    assert fingerprint(db) == before
    filling = chain.start_tenfold("--kill-after-step", 2, expect=KILLED)
    chain.work()
    chain.end("rollback", filling)
    chain.check()
    assert fingerprint(db) == before
    chain.start_tenfold()
    chain.work()
    chain.start_untouched()
    chain.work(40)
    chain.check()
    chain.end("complete", 2)
    chain.work()
    chain.check()
    chain.end("complete", 3)
    chain.work()
    chain.check()
    for w in sorted(chain.writers.shapes)[:-1]:
        chain.writers.expect_end(w)
    cli.run("complete", "--all")
    chain.work()
    for w in sorted(chain.writers.shapes)[:-1]:
        chain.writers.retire(w)
    chain.check()
    assert db.support_objects() == set(), "one version needs none of them"


def test_rolling_back_to_one_survivor_leaves_its_table_as_it_was(chain, db, cli):
    chain.writers.stop()
    before = fingerprint(db)
    chain.write(1)
    three(chain)
    fourth = chain.start_tenfold()
    chain.work()
    for w in (2, 3, fourth):
        chain.writers.expect_end(w)
    cli.run("rollback", "--to", "v1")
    for w in (fourth, 3, 2):
        chain.writers.retire(w)
    chain.work()
    chain.check()
    assert fingerprint(db) == before
    assert db.support_objects() == set()


def test_a_middle_version_that_becomes_the_only_one_is_left_plain(chain, db, cli):
    three(chain)
    chain.end("complete", 1)
    chain.end("rollback", 3)
    chain.work()
    chain.check()
    assert "_m" not in db.columns("base", "acc")
    assert db.support_objects() == set()
    chain.start_tenfold()
    chain.work()
    chain.check()


# --- the rows of the tables of failures, one by one -------------------------------------------------------------

def test_what_a_version_inserts_is_read_by_all_and_by_those_that_stay(stack, cli):
    db = stack(T, TO_MONEY, TO_TEXT)
    for number, (version, value) in enumerate([("v1", "5"), ("v2", "5.5"), ("v3", "'5.5 USD'")], 21):
        db.write(version, f"INSERT INTO t (id, a) VALUES ({number}, {value})")
    expected = [["5", "5.00", "5.00 EUR"], ["5", "5.50", "5.50 EUR"], ["5", "5.50", "5.5 USD"]]
    assert [values(db, f"id = {i}", "v1", "v2", "v3") for i in (21, 22, 23)] == expected
    cli.complete("v1")
    assert [values(db, f"id = {i}", "v2", "v3") for i in (21, 22, 23)] == [row[1:] for row in expected]
    db.write("v2", "INSERT INTO t (id, a) VALUES (31, 1.25)")
    db.write("v3", "INSERT INTO t (id, a) VALUES (32, '2.5 X')")
    assert values(db, "id = 31", "v2", "v3") == ["1.25", "1.25 EUR"]
    assert values(db, "id = 32", "v2", "v3") == ["2.50", "2.5 X"]


def test_a_null_that_a_middle_version_holds_survives_the_filling_of_the_next(stack, cli):
    db = stack(T, TO_MONEY)
    db.write("v2", "UPDATE t SET a = NULL WHERE id = 1")
    db.write("v1", "UPDATE t SET a = 4 WHERE id = 1; ")
    db.write("v2", "UPDATE t SET a = NULL WHERE id = 2")
    cli.start("v3", TO_TEXT, "--kill-after-step", 2, expect=KILLED)
    db.write("v2", "UPDATE t SET s = 'other' WHERE id = 2")
    assert values(db, "id = 2", "v1", "v2") == ["None", "None"]
    cli.start("v3", TO_TEXT)
    assert values(db, "id = 2", "v2", "v3") == ["None", "None"]
    assert values(db, "id = 1", "v2", "v3") == ["4.00", "4.00 EUR"]


def test_rows_copied_out_under_two_versions_are_right_when_restored_under_three(stack, cli):
    db = stack(T, TO_MONEY)
    db.write("v2", "UPDATE t SET a = 12.50 WHERE id = 1")
    db.execute("CREATE TABLE copy AS TABLE t")
    cli.start("v3", TO_TEXT)
    columns = ", ".join(db.columns("base", "copy"))
    quoted = ", ".join(f'"{c}"' for c in db.columns("base", "copy"))
    assert "_m" in columns
    db.execute(f"DELETE FROM t; INSERT INTO t ({quoted}) SELECT {quoted} FROM copy")
    assert values(db, "id = 1", "v1", "v2", "v3") == ["12", "12.50", "12.50 EUR"]
    db.execute("CREATE TABLE backfilled AS TABLE t")
    quoted = ", ".join(f'"{c}"' for c in db.columns("base", "backfilled"))
    db.execute(f"DELETE FROM t; INSERT INTO t ({quoted}) SELECT {quoted} FROM backfilled")
    assert values(db, "id = 1", "v1", "v2", "v3") == ["12", "12.50", "12.50 EUR"]


def test_a_version_that_leaves_the_table_alone_writes_as_the_one_before(stack, cli):
    db = stack(T, TO_MONEY, NOTHING_OF_T)
    db.write("v3", "INSERT INTO t (id) VALUES (50)")
    assert values(db, "id = 50", "v1", "v2", "v3") == ["None", "None", "None"], "not the old default"
    db.write("v3", "INSERT INTO t (id, a) VALUES (51, 7.25)")
    assert values(db, "id = 51", "v1", "v2", "v3") == ["7", "7.25", "7.25"]
    cli.complete("v1")
    db.write("v3", "INSERT INTO t (id, a) VALUES (52, NULL); UPDATE t SET a = 1.5 WHERE id = 51")
    assert values(db, "id = 52", "v2", "v3") == ["None", "None"]
    assert values(db, "id = 51", "v2", "v3") == ["1.50", "1.50"]


def test_a_table_that_only_the_newest_version_changes_is_written_through_older_ones_too(stack, cli):
    db = stack(T, NOTHING_OF_T, TO_MONEY, TO_TEXT)
    for number, version in enumerate(("v1", "v2"), 60):
        db.write(version, f"INSERT INTO t (id, a) VALUES ({number}, 8)")
        assert values(db, f"id = {number}", "v1", "v2", "v3", "v4") == ["8", "8", "8.00", "8.00 EUR"]
    db.write("v4", "UPDATE t SET a = '3.5 X' WHERE id = 60")
    assert values(db, "id = 60", "v1", "v2", "v3", "v4") == ["3", "3", "3.50", "3.5 X"]
    cli.complete("v1")
    db.write("v2", "INSERT INTO t (id, a) VALUES (70, 8)")
    assert values(db, "id = 70", "v2", "v3", "v4") == ["8", "8.00", "8.00 EUR"]
    cli.complete("--through", "v2")
    db.write("v3", "INSERT INTO t (id, a) VALUES (80, 1.5)")
    assert values(db, "id = 80", "v3", "v4") == ["1.50", "1.50 EUR"]


def test_a_killed_rollback_keeps_the_older_versions_in_step_at_every_step(stack, cli):
    db = stack(T, TO_MONEY, TO_TEXT)
    step = 1
    while cli.run("rollback", "v3", "--kill-after-step", step, expect=None).exit == KILLED:
        db.write("v1", f"UPDATE t SET a = {step + 100} WHERE id = 1")
        assert values(db, "id = 1", "v1", "v2") == [f"{step + 100}", f"{step + 100}.00"]
        step += 1
    assert step > 3
    db.write("v2", "UPDATE t SET a = 1.5 WHERE id = 1")
    assert values(db, "id = 1", "v1", "v2") == ["1", "1.50"]


def test_a_killed_completion_keeps_those_that_stay_in_step_at_every_step(stack, cli):
    db = stack(T, TO_MONEY, TO_TEXT)
    step = 1
    while cli.run("complete", "v1", "--kill-after-step", step, expect=None).exit == KILLED:
        db.write("v2", f"UPDATE t SET a = {step}.5 WHERE id = 1; INSERT INTO t (id, a) VALUES (100 + {step}, 1.5)")
        assert values(db, "id = 1", "v2", "v3") == [f"{step}.50", f"{step}.50 EUR"]
        assert values(db, f"id = 100 + {step}", "v2", "v3") == ["1.50", "1.50 EUR"]
        db.write("v3", f"UPDATE t SET a = '{step} X' WHERE id = 2")
        assert values(db, "id = 2", "v2", "v3") == [f"{step}.00", f"{step} X"]
        step += 1
    assert step > 4


def test_a_write_to_the_base_that_sets_two_shapes_is_decided_boundary_by_boundary(stack):
    db = stack(T, TO_MONEY, TO_TEXT)
    twin = next(c for c in db.columns("base", "t") if c.endswith("_2") or "_a_2" in c)
    db.execute(f'UPDATE t SET a = 5, "{twin}" = 5.5 WHERE id = 1')
    assert values(db, "id = 1", "v1", "v2", "v3") == ["5", "5.50", "5.50 EUR"]


def test_a_type_that_goes_and_comes_back_is_three_columns(stack, cli):
    db = stack(T, [{"alter_column": {"table": "t", "column": "a", "type": "text", "up": "'v' || a", "down": "substr(a, 2)::int"}}],
               [{"alter_column": {"table": "t", "column": "a", "type": "int", "up": "substr(a, 2)::int", "down": "'v' || a"}}])
    assert len([c for c in db.columns("base", "t") if "a" in c]) == 3
    db.write("v3", "INSERT INTO t (id, a) VALUES (40, 4)")
    assert values(db, "id = 40", "v1", "v2", "v3") == ["4", "v4", "4"]
    cli.complete("--all")
    assert values(db, "id = 40", "v3", "base") == ["4", "4"]


def test_a_twin_has_no_default_of_its_own_so_base_inserts_are_translated(stack):
    db = stack(T, [{"alter_column": {"table": "t", "column": "a", "type": "text", "up": "'v' || a",
                                     "down": "substr(a, 2)::int", "default": "'v0'"}}], NOTHING_OF_T)
    db.write("base", "INSERT INTO t (id, a) VALUES (41, 4)")
    assert values(db, "id = 41", "v1", "v2", "v3") == ["4", "v4", "v4"]
    db.write("v3", "INSERT INTO t (id) VALUES (42)")
    assert values(db, "id = 42", "v1", "v2", "v3") == ["0", "v0", "v0"]


def test_a_rule_that_a_newer_version_drops_binds_until_the_last_that_demands_it_goes(stack, cli):
    db = stack("CREATE TABLE t (id int PRIMARY KEY, u int NOT NULL UNIQUE, a int)",
               [{"alter_column": {"table": "t", "column": "u", "nullable": True}}], NOTHING_OF_T)
    for version in ("v1", "v2", "v3"):
        with pytest.raises(Exception, match="null value"):
            db.write(version, "INSERT INTO t (id, u) VALUES (1, NULL)")
    db.write("v1", "INSERT INTO t (id, u) VALUES (1, 1) ON CONFLICT (u) DO NOTHING")
    cli.complete("v1")
    db.write("v2", "INSERT INTO t (id, u) VALUES (2, NULL)")
    db.write("v3", "INSERT INTO t (id, u) VALUES (3, NULL)")


def test_a_rule_of_a_middle_version_becomes_native_when_the_older_ones_are_gone(stack, cli):
    db = stack("CREATE TABLE t (id int PRIMARY KEY, a int)",
               [{"alter_column": {"table": "t", "column": "a", "nullable": False}}],
               [{"alter_column": {"table": "t", "column": "a", "check": {"name": "small", "constraint": "a < 100"}}}])
    db.write("v1", "INSERT INTO t VALUES (1, NULL), (2, 1000)")
    with pytest.raises(Exception, match="null value"):
        db.write("v2", "INSERT INTO t VALUES (3, NULL)")
    db.write("v2", "INSERT INTO t VALUES (3, 1000)")
    with pytest.raises(Exception, match="small"):
        db.write("v3", "INSERT INTO t VALUES (4, 1000)")
    with pytest.raises(Exception, match="null value"):
        db.write("v3", "INSERT INTO t VALUES (4, NULL)")
    cli.complete("v1", expect=7)
    db.write("v1", "DELETE FROM t WHERE a IS NULL")
    cli.complete("v1")
    assert db.value("SELECT attnotnull FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'a'")
    db.write("v2", "INSERT INTO t VALUES (5, 1000)")
    with pytest.raises(Exception, match="small"):
        db.write("v3", "INSERT INTO t VALUES (6, 1000)")
    db.write("v2", "DELETE FROM t WHERE a >= 100")
    cli.complete("v2")
    with pytest.raises(Exception, match="small"):
        db.write("base", "INSERT INTO t VALUES (7, 1000)")


def test_a_rule_that_comes_back_binds_only_the_versions_that_demand_it(stack, cli):
    db = stack("CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL)",
               [{"alter_column": {"table": "t", "column": "a", "nullable": True}}],
               [{"alter_column": {"table": "t", "column": "a", "nullable": False}}])
    cli.complete("v1")
    db.write("v2", "INSERT INTO t VALUES (1, NULL)")
    with pytest.raises(Exception, match="null value"):
        db.write("v3", "INSERT INTO t VALUES (2, NULL)")


def test_inner_views_let_go_of_what_goes_and_keep_their_options(stack, cli):
    db = stack("CREATE TABLE t (id int PRIMARY KEY, a serial, s text)",
               [{"alter_column": {"table": "t", "column": "a", "type": "text", "up": "'v' || a", "default": None,
                                  "down": "substr(a, 2)::int"}}],
               [{"alter_column": {"table": "t", "column": "a", "type": "varchar(20)", "up": "a || '.'",
                                  "down": "rtrim(a, '.')"}}])
    db.write("v3", "INSERT INTO t VALUES (1, 'v7.', 's')")
    assert db.value("SELECT last_value = 1 AND NOT is_called FROM t_a_seq"), "no sequence value is spent"
    cli.complete("v1")
    db.write("v3", "INSERT INTO t VALUES (2, 'v8.', 's')")
    db.write("v2", "INSERT INTO t VALUES (3, 'v9', 's')")
    assert values(db, "id = 2", "v2", "v3") == ["v8", "v8."]
    assert values(db, "id = 3", "v2", "v3") == ["v9", "v9."]
    options = db.execute("SELECT DISTINCT reloptions::text FROM pg_class WHERE relkind = 'v' AND relnamespace IN"
                         " (SELECT oid FROM pg_namespace WHERE nspname LIKE '%public%')")
    assert options == [("{security_invoker=true}",)]
    cli.complete("v2")
    assert db.support_objects() == set()
