// SPDX-License-Identifier: MIT
/* What the server answers, and when it has had its time. libpq's own calls wait for ever: behind
 * a lock that somebody holds, or for a machine that keeps its connections and does nothing. The
 * first the server itself ends in time (statement_timeout); here ends the second. */
#include <poll.h>
#include <sys/socket.h>

#include "creditrisk/util/clock.h"
#include "db_postgres.h"

enum { GRACE_MS = 500 }; /* for the server's own end of a query to arrive */

/* A connection whose answer is late is hung up: all that follows sees a server that went away. */
static void await_in_time(struct pg_db *db)
{
    const int64_t until_ns = cr_clock_ns() + ((int64_t)db->limit_ms + GRACE_MS) * 1000000;
    struct pollfd socket = {PQsocket(db->conn), POLLIN, 0};

    while (PQisBusy(db->conn) != 0) {
        int64_t left_ns = until_ns - cr_clock_ns();

        if (left_ns <= 0) {
            db->is_late = true;
            (void)shutdown(socket.fd, SHUT_RDWR);
            return;
        }
        (void)poll(&socket, 1, (int)(left_ns / 1000000) + 1);
        if (PQconsumeInput(db->conn) == 0) {
            return; /* it has gone away; the result says so */
        }
    }
}

PGresult *cr_pg_next(struct pg_db *db)
{
    if (db->limit_ms > 0) {
        await_in_time(db);
    }
    return PQgetResult(db->conn);
}

bool cr_pg_is_copy(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);

    return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

PGresult *cr_pg_answer(struct pg_db *db, int is_sent)
{
    PGresult *last = NULL;
    PGresult *result;

    /* behind the beginning of a COPY it is the client's turn */
    while (is_sent != 0 && !cr_pg_is_copy(last) && PQstatus(db->conn) == CONNECTION_OK &&
           (result = cr_pg_next(db)) != NULL) {
        PQclear(last);
        last = result;
    }
    return last;
}

PGresult *cr_pg_exec(struct pg_db *db, const char *sql)
{
    cr_pg_drain(db);
    return cr_pg_answer(db, PQsendQuery(db->conn, sql));
}

static void skip_copied(struct pg_db *db)
{
    char *row;

    while (PQgetCopyData(db->conn, &row, 0) > 0) {
        PQfreemem(row);
    }
}

void cr_pg_drain(struct pg_db *db)
{
    PGresult *result;

    while ((result = cr_pg_next(db)) != NULL) {
        ExecStatusType status = PQresultStatus(result);

        PQclear(result);
        if (status == PGRES_COPY_IN) {
            (void)PQputCopyEnd(db->conn, "nobody sends rows"); /* or the connection is lost */
        } else if (status == PGRES_COPY_OUT) {
            skip_copied(db);
        } else if (status == PGRES_COPY_BOTH) {
            return; /* of replication, which nobody asks for */
        }
    }
}
