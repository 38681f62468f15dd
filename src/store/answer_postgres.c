// SPDX-License-Identifier: MIT
/* What the server answers, and when it has had its time. libpq's own calls wait for ever: behind
 * a lock that somebody holds, or for a machine that keeps its connections and does nothing. */
#include <poll.h>
#include <sys/socket.h>

#include "creditrisk/util/clock.h"
#include "db_postgres.h"

/* A connection whose answer is late is hung up: all that follows sees a server that went away, and
 * the server, which looks after its client every second, ends the query. */
static void await(struct pg_db *db)
{
    const int limit_ms = cr_db_answer_limit();
    const int64_t until_ns = cr_clock_ns() + (int64_t)limit_ms * 1000000;
    struct pollfd socket = {PQsocket(db->conn), POLLIN, 0};

    while (limit_ms > 0 && PQisBusy(db->conn) != 0) {
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
    await(db);
    return PQgetResult(db->conn);
}

/* Whether nothing follows a result by itself. */
static bool is_last(const struct pg_db *db, const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);

    return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH ||
           PQstatus(db->conn) != CONNECTION_OK;
}

PGresult *cr_pg_answer(struct pg_db *db, int is_sent)
{
    PGresult *last = NULL;
    PGresult *result;

    while (is_sent != 0 && (last == NULL || !is_last(db, last)) &&
           (result = cr_pg_next(db)) != NULL) {
        PQclear(last);
        last = result;
    }
    return last;
}

PGresult *cr_pg_exec(struct pg_db *db, const char *sql)
{
    if (cr_db_answer_limit() == 0) {
        return PQexec(db->conn, sql); /* which also ends a COPY that a text has begun */
    }
    return cr_pg_answer(db, PQsendQuery(db->conn, sql));
}

void cr_pg_drain(struct pg_db *db)
{
    PGresult *result;

    while ((result = cr_pg_next(db)) != NULL) {
        PQclear(result);
    }
}
