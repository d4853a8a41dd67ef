"""Tables where users have triggers: they see rows in shape, what they change reaches every version, and they
come out as they were.
"""
import psycopg2
import pytest

from rig.usertriggers import (ALTER_A, CAP, CAPITALS, CHANGED, COUNT, DERIVE, FIRE, LATER, LOOKED, OPERATIONS, SAW,
                              SETTINGS, SKIP, TABLES, in_step, one, triggers)


# --- what they see, and what follows -------------------------------------------------------------------

def test_what_a_trigger_changes_reaches_every_version(flight):
    db = flight(TABLES + CAP, OPERATIONS, *FIRE)
    for version, value in [("new", "'n90'"), ("baseline", "95"), ("base", "99")]:
        db.write(version, f"UPDATE t SET a = {value} WHERE id = 1")
        assert (one(db, "baseline"), one(db, "new")) == ((80,), ("n80",))
        db.write(version, "UPDATE t SET a = " + ("'n7'" if version == "new" else "7") + " WHERE id = 1")
        assert (one(db, "baseline"), one(db, "new")) == ((7,), ("n7",))
    for id, (version, value) in enumerate([("new", "'n90'"), ("baseline", "95"), ("base", "99")], 1001):
        db.write(version, f"INSERT INTO t (id, a) VALUES ({id}, {value})")
        assert (one(db, "baseline", id=id), one(db, "new", id=id)) == ((80,), ("n80",))
        db.write(version, f"INSERT INTO t (id, a) VALUES ({id}, {value}) ON CONFLICT (id) DO UPDATE SET a = EXCLUDED.a, c = 5")
        assert one(db, "new", "a, c", id) == ("n80", 5)
    in_step(db)


def test_a_trigger_that_changes_another_translated_column(flight):
    db = flight(TABLES + CAP + DERIVE, OPERATIONS, *FIRE)
    db.write("new", "UPDATE t SET a = 'n90' WHERE id = 1")
    assert (one(db, "baseline", "a, b"), one(db, "new", "a, b")) == ((80, 81), ("n80", 810))
    db.write("new", "UPDATE t SET b = 50 WHERE id = 1")  # its OF list does not name b
    assert (one(db, "baseline", "a, b"), one(db, "new", "a, b")) == ((80, 5), ("n80", 50))
    db.write("new", "INSERT INTO t (id, a, b) VALUES (2000, 'n4', 990)")
    assert (one(db, "baseline", "a, b", 2000), one(db, "new", "a, b", 2000)) == ((4, 5), ("n4", 50))
    in_step(db)


def test_what_a_trigger_changes_reaches_three_versions(stack, cli):
    db = stack(TABLES + CAP, )
    cli.start("v2", OPERATIONS, *FIRE)
    cli.start("v3", CAPITALS, *FIRE)
    values = {"v1": "90", "v2": "'n90'", "v3": "'N90'", "base": "90"}
    for version, value in values.items():
        db.write(version, f"UPDATE t SET a = {value.replace('90', '3')} WHERE id = 1")
        assert [one(db, v)[0] for v in ("v1", "v2", "v3")] == [3, "n3", "N3"], version
        db.write(version, f"UPDATE t SET a = {value} WHERE id = 1")
        assert [one(db, v)[0] for v in ("v1", "v2", "v3")] == [80, "n80", "N80"], version
        db.write(version, f"INSERT INTO t (id, a) VALUES (5000, {value})")
        assert [one(db, v, id=5000)[0] for v in ("v1", "v2", "v3")] == [80, "n80", "N80"], version
        db.write(version, "DELETE FROM t WHERE id = 5000")
    cli.complete("v1")  # the trigger sees 'n90' from here on, and caps what is a number only
    db.write("v3", "UPDATE t SET a = 'N90' WHERE id = 1")
    assert [one(db, v)[0] for v in ("v2", "v3")] == ["n90", "N90"]
    db.execute("CREATE OR REPLACE FUNCTION cap() RETURNS trigger LANGUAGE plpgsql AS"
               " $$ BEGIN IF NEW.a = 'n90' THEN NEW.a := 'n80'; END IF; RETURN NEW; END $$")
    for version in ("v2", "v3"):
        db.write(version, f"UPDATE t SET a = {values[version]} WHERE id = 1")
        assert [one(db, v)[0] for v in ("v2", "v3")] == ["n80", "N80"], version


def test_triggers_that_return_null_or_raise_behave(flight):
    db = flight(TABLES + SKIP, OPERATIONS, *FIRE)
    before = one(db, "new")
    for version, thirteen, bad in [("new", "'n13'", "'n66'"), ("baseline", "13", "66")]:
        db.write(version, f"UPDATE t SET a = {thirteen} WHERE id = 1")
        with pytest.raises(psycopg2.Error) as raised:
            db.write(version, f"UPDATE t SET a = {bad} WHERE id = 1")
        assert raised.value.pgcode == "P0066"
        db.write(version, f"INSERT INTO t (id, a) VALUES (3000, {thirteen})")
    assert one(db, "new") == before
    assert db.rows("new", "SELECT id FROM t WHERE id = 3000") == []


def test_a_when_clause_keeps_its_meaning_and_an_of_list_names_the_twin_too(flight):
    db = flight(TABLES + COUNT + SAW, OPERATIONS, *FIRE)
    db.execute("TRUNCATE seen")
    db.write("new", "UPDATE t SET note = 'x' WHERE id = 1")
    db.write("new", "UPDATE t SET b = 70 WHERE id = 1")
    db.write("new", "UPDATE t SET a = 'n3' WHERE id = 1")
    db.write("baseline", "UPDATE t SET a = 4 WHERE id = 1")
    assert one(db, "baseline", "a, c") == (4, 1)
    assert db.execute("SELECT a, op FROM seen ORDER BY a") == [("3", "UPDATE"), ("4", "UPDATE")]


def reset_c(db):
    db.execute("ALTER TABLE t DISABLE TRIGGER changed; UPDATE t SET c = 0; ALTER TABLE t ENABLE TRIGGER changed")


@pytest.mark.parametrize("clause", ["changed", "rows"])
def test_a_when_clause_over_a_changing_column_holds_for_every_version_and_after_them(flight, cli, clause):
    trigger = CHANGED if clause == "changed" else CHANGED.replace("OLD.a IS", "OLD.* IS").replace("FROM NEW.a", "FROM NEW.*")
    db = flight(TABLES + trigger, [ALTER_A, {"rename_column": {"table": "t", "from": "c", "to": "counted"}}], *FIRE)
    reset_c(db)
    db.write("new", "UPDATE t SET a = 'n3' WHERE id = 1")
    db.write("new", "UPDATE t SET a = a WHERE id = 1")
    db.write("baseline", "UPDATE t SET a = 4 WHERE id = 1")
    db.write("baseline", "UPDATE t SET a = 4, note = 'old.a' WHERE id = 1")
    assert one(db, "baseline", "a, c") == (4, 2)
    before = triggers(db)["changed"]
    reset_c(db)
    cli.complete()
    after = triggers(db)["changed"]
    assert before == after, "the same words, over the new column"
    db.execute("CREATE OR REPLACE FUNCTION count_c() RETURNS trigger LANGUAGE plpgsql AS"
               " $$ BEGIN NEW.counted := NEW.counted + 1; RETURN NEW; END $$")
    db.write("new", "UPDATE t SET note = NULL, a = a WHERE id = 2")
    assert one(db, "new", "counted", 2) == (0,)
    db.write("new", "UPDATE t SET a = 'n9' WHERE id = 2")
    assert one(db, "new", "counted", 2) == (1,)


def test_a_column_that_goes_with_a_down_stays_in_its_of_list_through_what_gives_it_its_value(flight, cli):
    db = flight(TABLES.replace("note text", "note text, first text, last text") + SAW.replace("UPDATE OF a", "UPDATE OF note"), [
        {"add_column": {"table": "t", "column": {"name": "word", "type": "text", "nullable": True}, "up": "note"}},
        {"drop_column": {"table": "t", "column": "note", "down": "word"}}], *LOOKED)
    db.execute("TRUNCATE seen")
    db.write("new", "UPDATE t SET word = 'x' WHERE id = 1")
    db.write("new", "UPDATE t SET b = 5 WHERE id = 1")
    db.write("baseline", "UPDATE t SET note = 'y' WHERE id = 2")
    assert db.execute("SELECT id FROM seen ORDER BY id") == [(1,), (2,)]
    cli.complete()
    assert "UPDATE OF word ON" in triggers(db)["saw"][0]


# --- they come out as they were ------------------------------------------------------------------------

def test_triggers_come_out_of_rollback_as_they_were(cli, db, unchanged):
    db.tables(TABLES + CAP + DERIVE + COUNT + SAW + LATER + CHANGED + SETTINGS)
    unchanged.mark()
    before = triggers(db)
    cli.start("new", OPERATIONS, *FIRE)
    assert "UPDATE OF a, _a_2" in triggers(db)["saw"][0]
    assert "UPDATE OF b, _b_2, a, _a_2" in triggers(db)["later"][0]
    assert triggers(db)["saw"][1:] == ["D", "a spy"] and triggers(db)["later"][2] == "it's deferred"
    cli.rollback()
    assert triggers(db) == before
    unchanged.check(schemas=False)


def test_triggers_come_out_of_completion_as_they_were(flight, cli, db):
    tables = TABLES + CAP + COUNT + SAW + LATER + CHANGED + SETTINGS.replace("DISABLE", "ENABLE ALWAYS")
    db.tables(tables)
    before = triggers(db)
    cli.start("new", OPERATIONS, *FIRE)
    cli.complete()
    assert triggers(db) == before
    assert triggers(db, ours=True) == {}
    assert db.columns("base", "t") == ["id", "c", "note", "a", "b"]
    assert db.support_objects() == set()


def test_of_lists_follow_their_columns_through_a_chain(stack, cli, unchanged, db):
    db = stack(TABLES + SAW + SETTINGS)
    unchanged.mark()
    cli.start("v2", OPERATIONS, *LOOKED)
    two = triggers(db)
    cli.start("v3", CAPITALS, *LOOKED)
    assert "UPDATE OF a, _a_2, _a_3 ON" in triggers(db)["saw"][0]
    cli.rollback("v3")
    assert triggers(db) == two
    cli.start("v4", CAPITALS, *LOOKED)
    cli.complete("v1")
    assert "UPDATE OF a, _a_4 ON" in triggers(db)["saw"][0]
    cli.complete("v2")
    assert "UPDATE OF a ON" in triggers(db)["saw"][0]
    assert triggers(db)["saw"][1:] == ["D", "a spy"]


def test_renamed_tables_and_columns_under_triggers(flight, cli, db):
    db = flight(TABLES + CAP + SAW + CHANGED, [
        {"rename_table": {"from": "t", "to": "things"}},
        {"rename_column": {"table": "things", "from": "a", "to": "size"}},
        {"alter_column": {**ALTER_A["alter_column"], "table": "things", "column": "size", "up": "'n' || size",
                          "down": "substr(size, 2)::int"}}], *FIRE)
    db.write("new", "UPDATE things SET size = 'n90' WHERE id = 1")
    assert one(db, "baseline", "a, c") == (80, 1)
    for name in ("cap", "saw"):
        db.execute(f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'")
    cli.complete()
    kept = triggers(db)
    assert "UPDATE OF size ON public.things" in kept["saw"][0]
    assert "old.size IS DISTINCT FROM new.size" in kept["changed"][0] and "'old.a'" in kept["changed"][0]


def test_a_dropped_table_takes_its_triggers_along_at_completion_only(flight, cli, unchanged, db):
    db.tables(TABLES + CAP + SAW + CHANGED)
    unchanged.mark()
    before = triggers(db)
    cli.start("new", [{"drop_table": {"name": "t"}}], *FIRE)
    db.write("baseline", "UPDATE t SET a = 90 WHERE id = 1")
    assert one(db, "baseline") == (80,)
    cli.rollback()
    assert triggers(db) == before
    unchanged.check(schemas=False)
    cli.start("newer", [{"drop_table": {"name": "t"}}], *FIRE)
    cli.complete()
    assert triggers(db) == {}


def test_sessions_go_on_through_a_completion_that_changes_what_their_triggers_see(flight, cli):
    db = flight(TABLES + SKIP, OPERATIONS, *FIRE)
    session = db.connect(db.version_schema("new"))
    with session.cursor() as cursor:
        for a in (1, 2, 3):
            cursor.execute(f"UPDATE t SET a = 'n{a}' WHERE id = 1")
        cli.complete()
        cursor.execute("UPDATE t SET a = 'n4' WHERE id = 1")  # PL/pgSQL had made plans for an integer
    assert one(db, "new") == ("n4",)


# --- refused before anything changes -------------------------------------------------------------------

SEARCH = """ALTER TABLE t ADD words tsvector;
CREATE TRIGGER m_search BEFORE INSERT OR UPDATE ON t FOR EACH ROW
    EXECUTE FUNCTION tsvector_update_trigger('words', 'pg_catalog.english', 'note');
"""
REFUSED = {
    "a WHEN clause that does not fit the new type": (
        CHANGED.replace("OLD.a IS DISTINCT FROM NEW.a", "NEW.a > 5"), [ALTER_A], "WHEN clause"),
    "a dropped column in a WHEN clause": (CHANGED, [{"drop_column": {"table": "t", "column": "a"}}], "WHEN clause"),
    "a dropped column alone in an OF list": (SAW, [{"drop_column": {"table": "t", "column": "a"}}], "OF list"),
    "a column that tsvector_update_trigger is told of": (
        SEARCH, [{"alter_column": {"table": "t", "column": "note", "type": "varchar(90)", "up": "note", "down": "note"}}],
        "tsvector_update_trigger"),
    "its renamed column": (SEARCH, [{"rename_column": {"table": "t", "from": "note", "to": "remark"}}], "m_search"),
    "its dropped column": (SEARCH, [{"drop_column": {"table": "t", "column": "words"}}], "m_search"),
    "a column of the name that ours needs": (
        CAP + "ALTER TABLE t ADD _s int;", [ALTER_A], '"_s"'),
    "a name that nothing sorts after": (
        CAP.replace("m_cap", 'U&"\\+10FFFFz"').replace("CREATE", "SET standard_conforming_strings = on; CREATE"),
        [ALTER_A], "rename these triggers"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_held_is_refused_by_name(db, cli, unchanged, case):
    trigger, operations, word = REFUSED[case]
    db.tables(TABLES + trigger)
    unchanged.mark()
    refused = cli.start("new", operations, *FIRE, expect=3)
    assert word in refused.err, refused.err
    unchanged.check()


def test_any_update_fills_a_row_that_the_backfill_has_not_reached(db, cli):
    """It may move the row to a page that was passed."""
    db.tables(TABLES + CAP)
    cli.start("new", OPERATIONS, *FIRE, *LOOKED, "--kill-after-step", 2, expect=-9)
    db.write("base", "UPDATE t SET note = 'moved' WHERE id = 1")
    assert db.value("SELECT _a_2 FROM t WHERE id = 1") == "n" + str(db.value("SELECT a FROM t WHERE id = 1"))
    assert db.value("SELECT _a_2 IS NULL FROM t WHERE id = 2"), "everything was filled: this shows nothing"
    cli.start("new", OPERATIONS, *FIRE, *LOOKED)
    in_step(db)


def test_a_trigger_that_is_told_a_columns_name_has_to_be_looked_at(db, cli):
    db.tables(TABLES + """CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RETURN jsonb_populate_record(NEW, jsonb_build_object(TG_ARGV[0], 7)); END $$;
        CREATE TRIGGER m_touch BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION touch('a');""")
    refused = cli.start("new", [ALTER_A], expect=3)
    assert "m_touch" in refused.err and "--accept-functions" in refused.err
    cli.start("new", [ALTER_A], *LOOKED)
    db.write("new", "INSERT INTO t (id, a) VALUES (5000, 'n1')")
    assert (one(db, "baseline", id=5000), one(db, "new", id=5000)) == ((7,), ("n7",))


@pytest.mark.parametrize("trigger", [CAP, SAW.replace(" OF a", "")])
def test_triggers_that_the_backfill_fires_have_to_be_agreed_to(db, cli, unchanged, trigger):
    db.tables(TABLES + trigger)
    unchanged.mark()
    refused = cli.start("new", OPERATIONS, *LOOKED, expect=3)
    name = trigger.split()[2]
    assert name in refused.err and "--fire-user-triggers" in refused.err
    assert f'fires trigger "{name}"' in cli.plan("new", OPERATIONS).out
    unchanged.check()
    cli.start("new", OPERATIONS, *FIRE)
    assert db.value("SELECT count(*) FROM t WHERE _a_2 IS DISTINCT FROM 'n' || a") == 0
    if trigger != CAP:
        assert db.value("SELECT count(*) FROM seen WHERE op = 'UPDATE'") == 300


def test_a_backfill_does_not_fire_triggers_with_an_of_list(db, cli):
    db.tables(TABLES + SAW + SAW.replace("saw AFTER", "before_a BEFORE").replace("saw()", "cap()"))
    cli.start("new", OPERATIONS, *LOOKED)
    assert db.value("SELECT count(*) FROM seen") == 0
    in_step(db)


def test_a_role_that_may_silence_triggers_does(db, cli):
    db.tables(TABLES + CAP + SAW.replace(" OF a", ""))
    db.execute("GRANT SET ON PARAMETER session_replication_role TO owner", role="postgres")
    try:
        db.execute("ALTER TABLE t DISABLE TRIGGER m_cap; UPDATE t SET a = 90 WHERE id = 1; TRUNCATE seen;"
                   "ALTER TABLE t ENABLE TRIGGER m_cap")
        cli.start("new", OPERATIONS, *LOOKED)
        assert db.value("SELECT count(*) FROM seen") == 0
        assert one(db, "new") == ("n90",)  # not written, so not capped
        in_step(db)
    finally:
        db.execute("REVOKE SET ON PARAMETER session_replication_role FROM owner", role="postgres")


def test_the_plan_says_what_happens_to_triggers(db, cli):
    db.tables(TABLES + CAP + SAW + CHANGED)
    said = " ".join(cli.plan("new", OPERATIONS).out.split())
    assert 'BEFORE ROW triggers ("changed", "m_cap") see rows in the shape of version "baseline"' in said
    assert 'trigger "saw": its OF list (a) is (a, _a_2) while both versions are live' in said
    assert 'trigger "changed": its WHEN clause reads the shape of version "baseline"' in said
