"""Five live versions under TPC-B: no transaction fails, and every version's books balance."""
from rig import tpcb
from rig.waitwatch import WaitWatch


def test_five_versions_under_tpcb_fail_no_transaction_and_balance(db, cli, tmp_path):
    tpcb.fill(db.url("owner"), scale=1)
    db.grant()
    cli.run("baseline", "v1")
    bank = tpcb.Bank(db.url("app"), lambda schema, sql: db.execute(sql, path=schema, role="app")[0], tmp_path,
                     scale=1, rate=25)
    bank.run("v1")
    try:
        with WaitWatch(db):
            books = tpcb.life(bank, "v1", cli, seconds=3)
    finally:
        bank.kill()
    assert (bank.failed, bank.errors) == (0, [])
    assert bank.transactions > 500
    assert len(books) == 6 and all(len(set(sums)) == 1 for sums in books), books
