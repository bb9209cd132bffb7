"""What psql_test.py types into psql 15: each backslash command that sends to the server, or acts on what came.

A line of FORMS stands for as many commands as its brackets allow: `\\dn[S+] app` for \\dn, \\dnS, \\dn+ and \\dnS+.
"""

import itertools
import re

FORMS = r"""
\d[S+]
\d[+] app.customers
\d[+] app.orders
\d[+] app.lines
\d[+] app.bookings
\d[+] app.cache
\d[+] app.measures
\d[+] app.measures_2024
\d[+] app.archived_orders
\d[+] app.open_orders
\d[+] app.people
\d[+] app.totals
\d[+] app.users
\d[+] app.tickets
\d[+] app.customers_id_seq
\d[+] app.orders_by_status
\d[+] app.orders_by_name
\d[+] app.measures_taken
\d[+] app.address
\d[+] hr.stock
\d[+] orders
\d[+] app.or*
\d[+] "app"."orders"
\d[+] hr.salaries
\d nothing.*
\d[S+] pg_class
\d[+] pg_toast.pg_toast_2619
\d[+] information_schema.columns
\da[S]
\da[S] app.*
\da[S] *.max
\dA[+]
\dA[+] b*
\dAc[+]
\dAc[+] btree int*
\dAf[+]
\dAf[+] btree int*
\dAo[+]
\dAo[+] gin *text*
\dAp[+]
\dAp[+] btree *int*
\db[+]
\db[+] pg_default
\dc[S+]
\dc[S+] app.*
\dconfig[+]
\dconfig[+] work*
\dC[+]
\dC[+] text
\dd[S]
\dd[S] app.*
\dD[S+]
\dD[S+] app.*
\ddp
\ddp agent*
\dE[S+]
\dE[S+] hr.*
\des[+]
\des[+] branch
\det[+]
\det[+] hr.*
\deu[+]
\deu[+] branch
\dew[+]
\dew[+] elsewhere
\df[S+]
\df[S+] app.*
\df[+] app.net numeric
\dfa[S+] app.*
\dfn[S+] app.*
\dfp[S+] app.*
\dft[S+] app.*
\dfw[S+] *rank*
\dfnpt[S+] app.*
\dF[+]
\dF[+] app.*
\dFd[+]
\dFd[+] app.*
\dFp[+]
\dFp[+] default
\dFt[+]
\dFt[+] simple
\dg[S+]
\dg[S+] agent*
\di[S+]
\di[S+] app.*
\dl[+]
\dL[S+]
\dL[S+] plpgsql
\dm[S+]
\dm[S+] app.*
\dn[S+]
\dn[S+] app
\do[S+]
\do[S+] app.*
\do[S+] || text text
\dO[S+]
\dO[S+] app.*
\dp
\dp app.*
\dP[+]
\dPi[+]
\dPt[+]
\dPn[+] app.*
\dPin[+]
\dPtn[+]
\drds
\drds agent*
\dRp[+]
\dRp[+] changes
\dRs
\dRs[+] copies
\ds[S+]
\ds[S+] app.*
\dt[S+]
\dt[S+] app.*
\dt[S+] *.*
\dtvs[S+]
\dtvmsE[S+] app.*
\ditvmsE[S+] app.o*
\dT[S+]
\dT[S+] app.*
\dT[+] int*
\du[S+]
\du[S+] agent*
\dv[S+]
\dv[S+] app.*
\dx[+]
\dx[+] plpgsql
\dX
\dX app.*
\dy[+]
\dy[+] watched
\l[+]
\l[+] shop
\list
\lo_list[+]
\sf[+] app.net
\sf[+] app.settle(integer)
\sf app.nothing
\sv[+] app.open_orders
\sv[+] app.people
\z
\z app.*
\conninfo
\encoding
\c
\connect -reuse-previous=on dbname=shop
\encoding LATIN1
\encoding UTF8
"""

# Everything else takes a few lines, and each of these is one.
SCRIPTS = {
    r"\g": "SELECT count(*) FROM app.orders \\g\n",
    r"\g file": "SELECT count(*) FROM app.orders \\g {folder}/g\n\\! cat {folder}/g\n",
    r"\g |": "SELECT count(*) FROM app.orders \\g | cat\n",
    r"\g (options)": "SELECT id, name FROM app.people ORDER BY 1 \\g (format=csv tuples_only=on)\n",
    r"\gx": "SELECT * FROM app.orders ORDER BY id \\gx\n",
    r"\gdesc": "SELECT id, amount, details, reference, due, now() FROM app.orders \\gdesc\n",
    r"\gdesc of what returns nothing": "INSERT INTO app.notes (text) VALUES ('not run') \\gdesc\n",
    r"\gset": "SELECT id, amount FROM app.orders ORDER BY id LIMIT 1 \\gset first_\n\\echo :first_id :first_amount\n",
    r"\gset, and :'name'": "SELECT status FROM app.orders WHERE id = 1 \\gset\nSELECT :'status' AS one;\n",
    r"\gexec": "SELECT 'SELECT ' || id || ' + 1 AS next' FROM app.orders ORDER BY id \\gexec\n",
    r"\gexec that writes": "SELECT format('INSERT INTO app.notes (text) VALUES (%L)', status) FROM app.orders "
                           "ORDER BY id\n\\gexec\nTABLE app.notes;\n",
    r"\crosstabview": "SELECT customer_id, status, amount FROM app.orders ORDER BY id \\crosstabview\n",
    r"\crosstabview by name": "SELECT customer_id, status, amount FROM app.orders ORDER BY id\n"
                              "\\crosstabview status customer_id amount\n",
    # Without an end of its own in version 15: an error ends it.
    r"\watch": "INSERT INTO app.notes (text) SELECT 'again' FROM app.notes HAVING 1 / (5 - count(*)) >= 0 "
               "RETURNING id, text \\watch 0.01\n",
    r"\copy to stdout": "\\copy (SELECT id, status FROM app.orders ORDER BY id) to stdout\n",
    r"\copy to pstdout": "\\copy app.lines to pstdout with (format csv, header)\n",
    r"\copy to file": "\\copy app.lines (product, quantity) to '{folder}/lines' csv header\n\\! cat {folder}/lines\n",
    r"\copy to program": "\\copy app.lines to program 'cat >&2'\n",
    r"\copy from stdin": "\\copy app.notes (text) from stdin\none\ntwo\n\\.\nTABLE app.notes;\n",
    r"\copy from file": "\\! echo 77,seven > {folder}/notes\n\\copy app.notes from {folder}/notes csv\n"
                        "TABLE app.notes;\n",
    r"\copy from program": "\\copy app.notes (text) from program 'echo made'\nTABLE app.notes;\n",
    r"\copy of a column that is not there": "\\copy app.lines (nothing) to stdout\n",
    r"\lo_export": "\\lo_export 4242 {folder}/large\n",
    r"\ef": "\\ef app.net\n\\p\n\\r\n",
    r"\ev": "\\ev app.open_orders\n\\p\n\\r\n",
    r"\errverbose after an error": "\\set VERBOSITY terse\nSELECT 1/0;\n\\errverbose\n\\set VERBOSITY default\n",
    r"\timing": "\\timing on\n\\timing off\n",
    r"\i": "\\! echo 'SELECT count(*) FROM app.lines;' > {folder}/script\n\\i {folder}/script\n",
    r"\o": "\\o {folder}/o\nTABLE app.lines;\n\\qecho done\n\\o\n\\! cat {folder}/o\n",
    r"\if": "SELECT count(*) > 1 AS many FROM app.orders \\gset\n"
            "\\if :many\nSELECT 'many';\n\\else\nSELECT 'few';\n\\endif\n",
    r"\;": "SELECT 1 \\; SELECT count(*) FROM app.orders \\; SELECT 3;\n",
    r"\set AUTOCOMMIT off": "\\set AUTOCOMMIT off\nINSERT INTO app.notes (text) VALUES ('lost');\nTABLE app.notes;\n"
                            "ROLLBACK;\n"
                            "INSERT INTO app.notes (text) VALUES ('kept');\nCOMMIT;\n\\set AUTOCOMMIT on\n"
                            "TABLE app.notes;\n",
    r"\set AUTOCOMMIT off, \d": "\\set AUTOCOMMIT off\n\\dt app.*\nSELECT 1/0;\n\\dt app.*\nROLLBACK;\n"
                                "\\set AUTOCOMMIT on\n",
    r"\set ON_ERROR_ROLLBACK": "\\set ON_ERROR_ROLLBACK on\nBEGIN;\n"
                               "INSERT INTO app.notes (text) VALUES ('kept');\n"
                               "SELECT 1/0;\nTABLE app.notes;\nCOMMIT;\n\\set ON_ERROR_ROLLBACK off\n",
    r"\set FETCH_COUNT": "\\set FETCH_COUNT 2\nTABLE app.lines;\nSELECT 1/(id - 3) FROM app.orders ORDER BY id;\n"
                         "\\unset FETCH_COUNT\n",
    r"\set SHOW_ALL_RESULTS": "\\set SHOW_ALL_RESULTS off\nSELECT 1 \\; SELECT 2;\n\\set SHOW_ALL_RESULTS on\n",
    r"\set SINGLELINE": "\\set SINGLELINE on\nSELECT 1\n\\set SINGLELINE off\n",
    r"\pset, \x, \a, \t, \H, \f, \C": "\\x\n\\a\n\\t\n\\pset null NULL\n\\C title\nTABLE app.lines;\n\\H\n"
                                     "TABLE app.lines;\n"
                                     "\\H\n\\C\n\\t\n\\a\n\\x\n\\pset null ''\n",
}


def expanded(form):
    """`form` with every choice of the letters in its brackets."""
    choice = re.search(r"\[([a-z+]+)\]", form, re.IGNORECASE)
    if not choice:
        return [form]
    letters = choice[1]
    kept = [subset for size in range(len(letters) + 1) for subset in itertools.combinations(letters, size)]
    return [form.replace(choice[0], "".join(subset), 1) for subset in kept]


def commands():
    """Name and text of each, in an order that stays."""
    forms = [command for form in FORMS.strip().splitlines() for command in expanded(form)]
    return {**{command: command + "\n" for command in forms}, **SCRIPTS}


# No reader's: what they do stays undone.
CHANGES = {
    r"\password": "\\password\nnew password\nnew password\n",
    r"\lo_import": "\\lo_import /dev/null\n",
    r"\lo_unlink": "\\lo_unlink 4242\n",
    r"\copy from stdin": "\\copy app.orders (customer_id) from stdin\n1\n\\.\n",
    r"\gexec": "SELECT 'UPDATE app.orders SET amount = 0' \\gexec\n",
    r"\ef": "\\ef app.net\n;\n",
}
