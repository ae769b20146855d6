"""What is particular to the catalog on SQL."""

from __future__ import annotations

import hashlib
import sqlite3
import stat
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from tests.factories import ACCOUNT, a_call, call_sid
from twirec.catalog import Catalog, migrations, waiting
from twirec.catalog.journal_tables import JOURNAL_TABLES, NOT_JOURNALLED
from twirec.catalog.migrate import configuration, known_versions
from twirec.catalog.tables import metadata
from twirec.model.errors import CatalogUnavailable, SettingsError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "catalog.db"


def open_catalog(path: Path) -> Catalog:
    return Catalog(f"sqlite:///{path}")


def is_ours(name: str | None, kind: str, _: object) -> bool:
    """Whether a table is one of the schema's, and none that SQLite keeps for an index of words."""
    return kind != "table" or not str(name).startswith(("notes_words", "sentences_words"))


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
def test_the_migrations_make_exactly_the_tables_of_the_schema(path: Path) -> None:
    catalog = open_catalog(path)
    catalog.set_up()
    with catalog.database.read() as connection:
        opts = {"compare_type": True, "include_name": is_ours}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, metadata) == []
    catalog.close()


def test_the_versions_that_are_known_are_those_of_the_migrations() -> None:
    scripts = ScriptDirectory.from_config(configuration())
    known = [script.revision for script in scripts.walk_revisions("base", "heads")]
    assert known_versions() == tuple(reversed(known))
    assert known_versions()[-1] == scripts.get_current_head()


FROZEN = {
    "0001_first_tables.py": "bf0f867f50c8edda80544245ce120df1a5c7a8f7c3b3f4f5b4fb9b763d90d555",
    "0002_searches.py": "6150245f88f8f910c40ff20d7416a1e5c0bef30be3d2c1da0753706dc15f900b",
    "0003_events.py": "7184c7e56bff592f50cd30009308fd60f18549566219d3aa42d2777c58fe29fc",
    "0004_figures.py": "dd06c0ad75810c0f9d09e1b32d18ea5f8ff44d12771bd86cae4d74b35865f35c",
    "0005_addresses.py": "544121ebd0d6e2f05e9b5a8a2f08c085809aeb7aedc9a0d0cc8b75db7930e6c8",
    "0006_sent_on.py": "33e11c474e4561a6ac56402ecec5d17f6141a6b029f19bf09497e45cfa9274e9",
    "0007_call_started_at.py": "9083e9affed788797dd6980bc7a400dbe8838b2d4bc38fc5cd95811ec6909099",
    "0008_forwarded_from.py": "27ef2b982580a5d9ef44409f43e796bd5e02e90e9fc2249587fc0f10db2648ed",
    "0009_agents_calls.py": "0e47837496904e77078d46b02b674db4b2b67eeb3bedee012a16cf224a46cf60",
    "0010_custody.py": "d810742ac7143bf23e78fd3c0a4ea39913a90920451e92d3fab4e6183b98727f",
    "0011_retention.py": "3d4d8186797ad09aeb24feb2cc33b0ddb3f884f6f6d05bf8a5c52e22657117b8",
    "0012_disclosures.py": "c30b5514ae29cedd1b93805116beb57d0cd65235753813d4d03a2ee31a0a5b11",
    "0013_calls_that_go_on.py": "7934eb4a6bef8833645df2646bf514cbc714c21e6ada4f5e0866733fcb89f84c",
    "0014_erasures.py": "e68d7a648608f8fadb266b50dabf579b0c25d845128e7cbaa143f6352372283b",
    "0015_access_requests.py": "55a2e472cecb7a3232672b76663cd03c1f7278b91a000938b149e643bd3bee32",
    "0016_notes_of_a_second.py": "99dff655dcce7802f6f5aa1012ba0fd1f917359ddbe74d76d1544b5df605fd7a",
    "0017_switches_that_end.py": "3f7f94b8460d4a210c121fe5004253c0edb779215d29be5258c6c8a9c9f2a713",
    "0018_sentences.py": "c36ae2aad434aba46a9a6b0b1a9cc42a5c29aec94387caccf0cd7f6fae21a7ad",
    "0019_blocked_lines.py": "56c90e8b54f8d5ad007df7a05858d36b428c83325e094fdd3ce7d6e141323c64",
    "0020_cases.py": "33974f774d1ed6d89d8f04f069c1a7e99502fd81f7dc4d605be5efe0c0d4cdee",
    "0021_months_and_checks.py": "fd47f88e007033907a768ecd9542d4f2879ffc473673e7db734b57fe3f7dc099",
    "0022_transcripts.py": "f99ecad082dbb05d06a40fa100df6e7449922b04378139428f985eb6ea5b4565",
    "0023_anchors.py": "5f5b8419d66ec1b012c34ca2a9001ee2ed6b612f595f34fe846243867a8ee50a",
    "0024_kept_apart.py": "fc8eae7c037ac08e9fd5f3767e8427ef2d2bbc2726ba06905078c200eb200a76",
    "0025_case_mails.py": "71d368135a0ae1429467b54004dda1d27a2e621b45bd461737f25626a859cbcc",
    "0026_card_cuts.py": "c036bc162e58d394c4d0126e393c7eb7717fa0eeb3c6fb2261e640f008d2c9a2",
    "0027_replaced_at.py": "2a34cc66db9ecfd8858c1918a879555f4277e20eff1101438f90c841d2f2a474",
}
"""What the files of the migrations hash to. Catalogs have been made by them: a change of the tables
is a further file, and a line more here."""


def test_a_migration_that_is_there_is_never_changed() -> None:
    versions = Path(migrations.__file__).parent / "versions"
    files = {path.name: path.read_bytes() for path in versions.glob("0*.py")}
    assert {name: hashlib.sha256(file).hexdigest() for name, file in files.items()} == FROZEN


def test_setting_up_again_keeps_what_is_there(path: Path) -> None:
    catalog = open_catalog(path)
    catalog.set_up()
    catalog.ledger.open_call(a_call())
    catalog.set_up()
    assert catalog.ledger.call(ACCOUNT, call_sid()).call == a_call()
    catalog.close()


def test_a_commit_is_durable_and_readers_do_not_wait(path: Path) -> None:
    catalog = open_catalog(path)
    catalog.set_up()
    with catalog.database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    catalog.close()


def test_a_catalog_that_was_never_set_up_says_what_to_do(path: Path) -> None:
    catalog = open_catalog(path)
    with pytest.raises(CatalogUnavailable, match="twirec init"):
        catalog.ledger.call(ACCOUNT, call_sid())
    catalog.close()


def test_a_database_locked_by_another_is_an_error_without_numbers(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "PATIENCE", 0.05)
    catalog = open_catalog(path)
    catalog.set_up()
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(CatalogUnavailable, match="locked") as caught:
            catalog.ledger.open_call(a_call())
    assert "600111222" not in str(caught.value)
    catalog.close()


def test_the_files_are_readable_by_their_owner_only(path: Path) -> None:
    catalog = open_catalog(path)
    catalog.set_up()
    catalog.ledger.open_call(a_call())
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.glob("*.db*")}
    assert modes == dict.fromkeys(("catalog.db", "catalog.db-wal", "catalog.db-shm"), 0o600)
    catalog.close()


@pytest.mark.parametrize("name", ["catalog.db", "a catalog #1%20.db"])
def test_before_set_up_no_file_is_left_and_it_is_said_where_one_was_looked_for(
    tmp_path: Path, name: str
) -> None:
    catalog = open_catalog(tmp_path / name)
    uses = (
        lambda: catalog.ledger.call(ACCOUNT, call_sid()),
        lambda: catalog.ledger.open_call(a_call()),
        catalog.check,
    )
    for use in uses:
        with pytest.raises(CatalogUnavailable, match="twirec init") as caught:
            use()
        assert str(tmp_path) in str(caught.value)
    assert list(tmp_path.iterdir()) == []
    catalog.close()


def test_a_catalog_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    catalog = open_catalog(tmp_path / "nowhere" / "catalog.db")
    with pytest.raises(CatalogUnavailable, match="No such file or directory"):
        catalog.set_up()


@pytest.mark.parametrize("url", ["nonsense", "nosuchdb://x/y", "sqlite+nodriver:///x"])
def test_a_url_that_leads_nowhere_is_named(url: str) -> None:
    with pytest.raises(SettingsError, match="TWIREC_DATABASE_URL"):
        Catalog(url)


def test_a_time_without_a_zone_is_not_stored(path: Path) -> None:
    catalog = open_catalog(path)
    catalog.set_up()
    with pytest.raises(Exception, match="time zone"):
        catalog.ledger.open_call(a_call(started_at=datetime(2026, 11, 23, 10, 15)))
    catalog.close()


def test_every_table_is_journalled_or_it_is_said_why_not() -> None:
    journalled = {shelf.table.name for shelf in JOURNAL_TABLES}
    assert journalled | set(NOT_JOURNALLED) == set(metadata.tables)
    assert journalled & set(NOT_JOURNALLED) == set()
