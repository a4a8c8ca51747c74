#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes docs/tables.md from the descriptions in src/engine/publish_tables.c.

usage: gen_tables_doc.py PRINT_TABLES DOC           writes DOC
       gen_tables_doc.py PRINT_TABLES DOC --check   fails when DOC says something else

PRINT_TABLES is the program tests/unit/print_tables.
"""
import subprocess
import sys

HEAD = """\
<!-- Made by tools/gen_tables_doc.py from src/engine/publish_tables.c. Do not edit. -->

# Tables for BI tools

The SQL state holds, beside what the engine needs to start again, the tables below: for reports, lists and
joins. `tongbao sql "SELECT ..."` asks them while the server runs. On SQLite give other programs a snapshot
(`tongbao backup`), not the live `state.db`; on PostgreSQL give them a role that may only read.

The engine's own tables (`record`, `record_aside`, `history`, `feed_mark`, `fact`, `checkpoint`) may change
with any version; `history.body` is the message `Entry` of `api/events.proto`.

## What all tables have in common

* **Numbers, not ids.** Everything is joined by whole numbers. They are never used again. The `mbr_...` and
  `ord_...` of the API are the same numbers, enciphered with a key that only the server has; caller's own ids
  (`orders.code`, `stores.code`) are as given.
* **Amounts** are whole numbers: money in minor units of the tenant's currency, quantities in thousandths.
* **Instants** end in `_ms`: milliseconds since 1970 UTC. **Days** are days since 1970-01-01 in the tenant's zone.

  | | instant | day |
  |---|---|---|
  | SQLite | `datetime(occurred_ms / 1000, 'unixepoch')` | `date(day * 86400, 'unixepoch')` |
  | PostgreSQL | `to_timestamp(occurred_ms / 1000.0)` | `date '1970-01-01' + day::int` |

* **None** is NULL.
* **How new they are.** Orders and configuration are as new as the state itself (about a second behind the answers).
  So are the tables whose rows are only appended (`order_lines`, `transfers`, `contacts` ...), except while the
  state itself falls behind: then their rows are written from the history as soon as there is time between
  flushes, and row 2 of table `published` says up to which entry they are complete. The tables of persons
  (`persons`, `profiles`, `balances`, `lots`, `holds`, `attributes`, `consents`, `member_tiers`, `enrolments`)
  follow at once while it is quiet and within about half a minute under load; row 1 says up to where they are
  complete.
  On a saturated machine both take longer, the state does not. A snapshot always holds all of it.
* **Personal data.** No value of an identifier, no sealed attribute, no secret is ever published. After an erasure
  the person's attributes and enrolment are gone; ledger, orders and the proof of consents stay as numbers.

## Questions

A member's balance (value books to profiles; a person is a set of them):

```sql
SELECT person, unit, sum(available) AS available, sum(pending) AS pending
FROM balances GROUP BY person, unit;
```

Revenue by store and day, returns taken off on the day of the sale:

```sql
SELECT s.code, o.day, count(*) AS orders, sum(o.net - o.returned_net) AS net
FROM orders o JOIN stores s ON s.store = o.store GROUP BY s.code, o.day;
```

Who bought (the person to whom the order's profile belongs today):

```sql
SELECT p.person, count(*), sum(o.net - o.returned_net)
FROM orders o JOIN profiles p ON p.profile = o.profile GROUP BY p.person;
```

What the roll-forward closes with on a day:

```sql
SELECT unit, sum(earned - reversed - spent - expired + adjusted) AS closing
FROM roll_forward WHERE day <= 20780 GROUP BY unit;
```
"""


def read(program):
    tables = []
    for line in subprocess.run([program], check=True, capture_output=True, text=True).stdout.splitlines():
        what, *rest = line.split("\t")
        if what == "table":
            tables.append((*rest, []))
        else:
            tables[-1][3].append(rest)
    return tables


def page(tables):
    out = [HEAD, "## The tables\n", "| table | rows | |", "|---|---|---|"]
    out += [f"| [{name}](#{name}) | {kind} | {remark} |" for name, kind, remark, _ in tables]
    out += ["", "Rows of *appended* tables never change; rows of *current* tables show what is now.", ""]
    for name, kind, remark, columns in tables:
        out += [f"### {name}", "", remark, "", "| column | type | |", "|---|---|---|"]
        for column, type_name, key, text in columns:
            out.append(f"| {'**' + column + '**' if key else column} | {type_name} | {text} |")
        out.append("")
    out.append("Columns in bold are the primary key.")
    return "\n".join(out) + "\n"


def main(program, doc, check=None):
    text = page(read(program))
    if check is None:
        open(doc, "w").write(text)
    elif open(doc).read() != text:
        sys.exit(f"{doc} is stale: tools/gen_tables_doc.py {program} {doc}")


if __name__ == "__main__":
    main(*sys.argv[1:])
