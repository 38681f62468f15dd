// SPDX-License-Identifier: MIT
/* Transactions of PostgreSQL, and the truth about one whose server went away while it committed. */
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/strbuf.h"
#include "db_postgres.h"

enum { ASK_AGAIN_MS = 50 };

/* Writers wait for each other at the start, as with SQLite, so that what one reads before it writes
 * still holds when it writes. One lock for each schema: a registry does not wait for a load. */
static const char BEGIN[] = "BEGIN; SET LOCAL lock_timeout = '5s';"
                            "SELECT pg_advisory_xact_lock(hashtext('creditrisk'),"
                            " hashtext(coalesce(current_schema(), '')))";

int cr_pg_begin(struct cr_db *base, struct cr_error *err)
{
    struct pg_db *db = cr_pg_of(base);
    int r;

    if (db->began) {
        return cr_error_set(err, CR_EDB, "cannot start a transaction within a transaction");
    }
    db->undecided = false;
    r = cr_pg_begin_call(db, err);
    if (r == 0) {
        r = cr_pg_expect(db, cr_pg_exec(db, BEGIN), PGRES_TUPLES_OK, err);
    }
    if (r != 0 && PQtransactionStatus(db->conn) == PQTRANS_INERROR) {
        (void)cr_pg_command(db, "ROLLBACK", NULL); /* nothing was done */
    }
    db->began = r == 0;
    return r;
}

/* ---- commit ---- */

/* What became of a transaction that was being committed when the connection was lost. */
enum outcome { COMMITTED, ROLLED_BACK, IN_PROGRESS, UNKNOWN };

/* The number of the transaction, "" when it has changed nothing. */
static int read_number(struct pg_db *db, struct cr_strbuf *number, struct cr_error *err)
{
    PGresult *result = cr_pg_exec(db, "SELECT txid_current_if_assigned()");
    int r = 0;

    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        r = cr_pg_refused(db, result, err);
    } else {
        cr_strbuf_puts(number, PQgetvalue(result, 0, 0)); /* of NULL it is "" */
        r = cr_strbuf_check(number, err);
    }
    PQclear(result);
    return r;
}

static bool is_decided(enum outcome outcome)
{
    return outcome == COMMITTED || outcome == ROLLED_BACK;
}

static enum outcome ask_once(struct pg_db *db, const char *number)
{
    const char *const values[] = {number};
    PGresult *result = cr_pg_answer(
        db, PQsendQueryParams(db->conn, "SELECT txid_status($1)", 1, NULL, values, NULL, NULL, 0));
    const char *status = PQresultStatus(result) == PGRES_TUPLES_OK ? PQgetvalue(result, 0, 0) : "";
    enum outcome outcome = strcmp(status, "committed") == 0     ? COMMITTED
                           : strcmp(status, "aborted") == 0     ? ROLLED_BACK
                           : strcmp(status, "in progress") == 0 ? IN_PROGRESS
                                                                : UNKNOWN;

    PQclear(result);
    return outcome;
}

/* Again while the server is still at it, and when the connection is lost once more. */
static enum outcome ask_patiently(struct pg_db *db, const char *number)
{
    const int64_t until_ns = cr_pg_patience();
    enum outcome outcome = UNKNOWN;

    for (;;) {
        if (PQstatus(db->conn) == CONNECTION_OK || cr_pg_reconnect(db, until_ns, NULL) == 0) {
            outcome = ask_once(db, number);
        }
        if (is_decided(outcome) || cr_clock_ns() >= until_ns) {
            return outcome;
        }
        cr_pg_pause(ASK_AGAIN_MS);
    }
}

/* A server that has not noticed that its client is gone would keep the transaction, and the lock
 * that other writers wait for, until the network tells it. pg_stat_activity knows the number
 * without its epoch; to end what the same user has begun takes no further right. */
static void end_orphan(struct pg_db *db, const char *number)
{
    const char *const values[] = {number};

    int is_sent =
        PQsendQueryParams(db->conn,
                          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_xid"
                          " = CAST(CAST(CAST($1 AS BIGINT) & 4294967295 AS TEXT) AS XID)",
                          1, NULL, values, NULL, NULL, 0);

    PQclear(cr_pg_answer(db, is_sent)); /* should it fail, it is still asked */
}

static enum outcome find_outcome(struct pg_db *db, const char *number)
{
    enum outcome outcome;

    if (*number == '\0') {
        return ROLLED_BACK; /* there was nothing to commit */
    }
    outcome = ask_patiently(db, number);
    if (outcome != IN_PROGRESS) {
        return outcome;
    }
    end_orphan(db, number);
    return ask_patiently(db, number);
}

/* The connection was lost behind COMMIT: it may have been done or not. */
static int settle_lost_commit(struct pg_db *db, const char *number, struct cr_error *err)
{
    switch (find_outcome(db, number)) {
    case COMMITTED:
        return 0;
    case ROLLED_BACK:
        return cr_error_set(err, CR_EUNAVAIL, "database '%s' went away and has committed nothing",
                            db->base.name);
    case IN_PROGRESS:
    case UNKNOWN:
        break;
    }
    db->undecided = true;
    return cr_error_set(err, CR_EUNAVAIL,
                        "database '%s' went away while it committed: nobody knows whether it did",
                        db->base.name);
}

/* A transaction that had failed is rolled back by COMMIT, which then does not say COMMIT. */
static int send_commit(struct pg_db *db, struct cr_error *err)
{
    PGresult *result = cr_pg_exec(db, "COMMIT");
    int r = 0;

    if (PQresultStatus(result) != PGRES_COMMAND_OK) {
        r = cr_pg_refused(db, result, err);
    } else if (strcmp(PQcmdStatus(result), "COMMIT") != 0) {
        r = cr_error_set(err, CR_EDB, "the transaction had failed and was rolled back");
    }
    PQclear(result);
    return r;
}

int cr_pg_commit(struct cr_db *base, struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf number = CR_STRBUF_INIT;
    struct pg_db *db = cr_pg_of(base);
    struct cr_error cause = {0};
    int r;

    if (!db->began) {
        return cr_error_set(err, CR_EDB, "cannot commit: no transaction is active");
    }
    r = cr_pg_begin_call(db, err);
    if (r == 0 && PQtransactionStatus(db->conn) == PQTRANS_INTRANS) {
        r = read_number(db, &number, err);
    }
    if (r != 0) {
        return r; /* nothing was sent that could commit it */
    }
    r = send_commit(db, &cause);
    db->began = false;
    if (r == CR_EUNAVAIL) {
        return settle_lost_commit(db, cr_strbuf_text(&number), err);
    }
    return r != 0 ? cr_error_set(err, r, "%s", cause.message) : 0;
}

bool cr_pg_is_undecided(const struct cr_db *base)
{
    return ((const struct pg_db *)base)->undecided;
}

void cr_pg_rollback(struct cr_db *base)
{
    struct pg_db *db = cr_pg_of(base);
    PGTransactionStatusType status;

    if (!db->began) {
        return;
    }
    cr_pg_absorb(db);
    status = PQtransactionStatus(db->conn);
    if (status == PQTRANS_INTRANS || status == PQTRANS_INERROR) {
        (void)cr_pg_command(db, "ROLLBACK", NULL); /* closing would roll back as well */
    }
    db->began = false;
}

bool cr_pg_in_transaction(const struct cr_db *base)
{
    const struct pg_db *db = (const struct pg_db *)base;

    return db->began && PQtransactionStatus(db->conn) != PQTRANS_IDLE;
}
