#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""training.sql against its definitions: every column of every application, over small dirty books.

usage: prop_training.py SOURCE_ROOT [TRAINING_SQL]

The books are made here, with what a real one has: several loans on one day, instalments that share
a due date within and between loans, payments in advance, late, in part and never, amounts of zero,
several dated bureau pulls or none, instalments due before their loan was made, outcomes that are
not known yet. What training.sql answers is compared with a slow computation in plain loops that
follows the text of the definitions and shares nothing with it. $CREDITRISK_CASES sets the number
of applications that are compared at least.
"""
import datetime
import os
import pathlib
import random
import sqlite3
import statistics
import sys

USUAL_CASES = 2000
N_CUSTOMERS = 40
TYPES = ["Personal", "Home", "Auto", "Education", "Business", "Gold", "Credit Card"]
METHODS = ["Auto-Debit", "UPI", "NEFT", "Cash", "Cheque", "Other"]
DPD = [0, 0, 1, 3, 7, 29, 30, 31, 59, 60, 89, 90, 91, 180]

# column of training.sql: whether it may be missing, in a book like these
HISTORY = {
    "existing_loans": False, "prior_exposure": False, "prior_loan_types": False,
    "missed_payment_count": True, "late_payment_ratio": True, "partial_payment_ratio": True,
    "avg_dpd": True, "max_dpd": True, "std_dpd": True, "ever_90_plus_dpd": True,
    "avg_payment_to_due_ratio": True, "auto_debit_ratio": True, "avg_dpd_last_6": True,
    "late_count_last_6": True, "dpd_trend_3v6": True, "max_consecutive_late_payments": True,
}
BUREAU = ["credit_score", "total_accounts", "active_accounts", "overdue_30_count",
          "overdue_60_count", "overdue_90_count", "enquiries_last_6m", "enquiries_last_12m",
          "credit_history_length_months"]
CUSTOMER = ["age", "gender", "marital_status", "education", "dependents", "employment_type",
            "annual_income", "city_tier", "phone_verified", "email_verified"]
LOAN = ["customer_id", "application_date", "loan_type", "loan_amount", "loan_term_months",
        "interest_rate", "emi_amount", "is_default"]


class Book:
    """Lists of rows, one dict each, that are also in an SQLite database made by the migrations."""

    def __init__(self, root, seed):
        self.rng = random.Random(seed)
        self.tables = {"customers": [], "credit_history": [], "loan_applications": [],
                       "repayment_history": []}
        for number in range(1, N_CUSTOMERS + 1):
            self.add_customer(number)
        self.connection = sqlite3.connect(":memory:")
        self.connection.row_factory = sqlite3.Row
        self.connection.execute("PRAGMA foreign_keys = ON")
        for path in sorted((root / "migrations/sqlite").glob("*.sql")):
            self.connection.executescript(path.read_text())
        for table, rows in self.tables.items():
            self.rng.shuffle(rows)  # neither the rows' order nor their keys are those of time
            for row in rows:
                names, marks = ", ".join(row), ", ".join("?" * len(row))
                self.connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})",
                                        list(row.values()))

    def day(self, months=40):
        """A date on a coarse grid, so that many fall together."""
        month = self.rng.randrange(months)
        return datetime.date(2020 + month // 12, month % 12 + 1, self.rng.choice([1, 15, 28]))

    def key(self, table):
        """A key that says nothing about the order in which rows were made."""
        taken = {next(iter(row.values())) for row in self.tables[table]}
        while True:
            key = self.rng.randrange(1, 1000000)
            if key not in taken:
                return key

    def maybe(self, value, share=0.15):
        return None if self.rng.random() < share else value

    def add_customer(self, number):
        rng = self.rng
        self.tables["customers"].append({
            "customer_id": number, "age": rng.randint(18, 80),
            "gender": rng.choice(["Male", "Female", "Other"]),
            "marital_status": rng.choice(["Single", "Married", "Divorced", "Widowed"]),
            "dependents": rng.randint(0, 10),
            "education": self.maybe(rng.choice(["Secondary", "Master"])),
            "employment_type": rng.choice(["Salaried", "Freelance", "Unemployed"]),
            "years_employed": self.maybe(rng.randint(0, 400) / 10),
            "annual_income": rng.randint(1, 5000) * 1000.0, "city_tier": rng.randint(1, 3),
            "state": "Goa", "phone_verified": rng.randint(0, 1),
            "email_verified": rng.randint(0, 1)})
        for pull in range(rng.choice([0, 1, 1, 2, 5])):
            self.add_pull(number, None if pull == 0 and rng.random() < 0.5 else self.day())
        types = rng.sample(TYPES, rng.randint(1, 4))
        for _ in range(rng.choice([1, 2, 4, 7, 12])):
            self.add_loan(number, rng.choice(types))

    def add_pull(self, customer, date):
        rng = self.rng
        self.tables["credit_history"].append({
            "credit_id": self.key("credit_history"), "customer_id": customer,
            "credit_score": self.maybe(rng.randint(300, 900)),
            "total_accounts": rng.randint(0, 99), "active_accounts": rng.randint(0, 99),
            "closed_accounts": rng.randint(0, 99), "overdue_30_count": rng.randint(0, 99),
            "overdue_60_count": rng.randint(0, 99), "overdue_90_count": rng.randint(0, 99),
            "total_credit_limit": rng.choice([0.0, 1000.0, 300000.0]),
            "current_balance": float(rng.randint(0, 200000)),
            "enquiries_last_6m": self.maybe(rng.randint(0, 99)),
            "enquiries_last_12m": self.maybe(rng.randint(0, 99)),
            "credit_history_length_months": rng.randint(0, 480),
            "pull_date": None if date is None else date.isoformat()})

    def add_loan(self, customer, loan_type):
        rng, loan, date = self.rng, self.key("loan_applications"), self.day()
        self.tables["loan_applications"].append({
            "loan_id": loan, "customer_id": customer,
            "loan_amount": rng.randint(1, 900) * 1000.0, "loan_term_months": rng.randint(3, 360),
            "interest_rate": self.maybe(rng.randint(4, 160) / 4),
            "emi_amount": rng.randint(0, 99999) / 4, "loan_type": loan_type,
            "loan_purpose": "Other", "is_secured": rng.randint(0, 1),
            "collateral_value": self.maybe(0.0), "application_date": date.isoformat(),
            "status": "Active", "is_default": self.maybe(rng.randint(0, 1))})
        numbers = rng.sample(range(1, 100), rng.choice([0, 1, 3, 8, 14]))
        for number in numbers:
            self.add_instalment(loan, customer, number, date)

    def add_instalment(self, loan, customer, number, date):
        rng = self.rng
        due = date + datetime.timedelta(days=rng.choice([-20, 15, 31, 60, 92, 120, 152]))
        paid = due + datetime.timedelta(days=rng.choice([-40, -1, 0, 0, 3, 20, 45, 200, 900]))
        self.tables["repayment_history"].append({
            "repayment_id": self.key("repayment_history"), "loan_id": loan,
            "customer_id": customer, "installment_number": number, "due_date": due.isoformat(),
            "payment_date": self.maybe(paid.isoformat()),
            "amount_due": rng.choice([0.0, 400.0, 1250.5]),
            "amount_paid": rng.choice([0.0, 200.0, 400.0, 1250.5, 1300.0]),
            "days_past_due": rng.choice(DPD), "is_late": int(rng.random() < 0.6),
            "is_partial": int(rng.random() < 0.3), "outstanding_balance": 0.0,
            "payment_method": rng.choice(METHODS)})

    def training(self, text):
        """loan_id → row of training.sql."""
        rows = [dict(row) for row in self.connection.execute(text)]
        found = {row["loan_id"]: row for row in rows}
        assert len(found) == len(rows), "training.sql gives a loan twice"
        assert list(found) == sorted(found), "training.sql's rows are not in the order of loan_id"
        return found


def mean(values):
    return sum(values) / len(values) if values else None


def longest_run(flags):
    longest = run = 0
    for flag in flags:
        run = run + 1 if flag else 0
        longest = max(longest, run)
    return longest


def repayment_fields(due, today):
    """The 13 behavioural fields: `due` are the instalments that count at the date `today`."""
    if not due:
        return {}
    settled = [r for r in due if r["payment_date"] is not None and r["payment_date"] < today]
    settled.sort(key=lambda r: (r["due_date"], r["loan_id"], r["installment_number"]))
    fields = {"missed_payment_count": len(due) - len(settled)}
    if not settled:
        return fields
    dpd = [r["days_past_due"] for r in settled]
    fields.update({
        "late_payment_ratio": mean([r["is_late"] for r in settled]),
        "partial_payment_ratio": mean([r["is_partial"] for r in settled]),
        "avg_dpd": mean(dpd),
        "max_dpd": max(dpd),
        "std_dpd": statistics.stdev(dpd) if len(dpd) >= 2 else None,
        "ever_90_plus_dpd": int(any(days >= 90 for days in dpd)),
        "avg_payment_to_due_ratio": mean([1 if r["amount_due"] == 0
                                          else r["amount_paid"] / r["amount_due"]
                                          for r in settled]),
        "auto_debit_ratio": mean([r["payment_method"] == "Auto-Debit" for r in settled]),
        "avg_dpd_last_6": mean(dpd[-6:]),
        "late_count_last_6": sum(r["is_late"] for r in settled[-6:]),
        "dpd_trend_3v6": mean(dpd[-3:]) - mean(dpd[-6:-3]) if len(dpd) >= 4 else None,
        "max_consecutive_late_payments": longest_run([r["is_late"] for r in settled])})
    return fields


def newest_pull(pulls, today):
    """The latest bureau pull before today; one without a date is older than every other."""
    known = [p for p in pulls if p["pull_date"] is None or p["pull_date"] < today]
    return max(known, key=lambda p: (p["pull_date"] or "", p["credit_id"]), default=None)


def expected_row(book, loan):
    """What 3-data says of one application, from the tables' rows alone."""
    today, customer_id = loan["application_date"], loan["customer_id"]
    customer = next(c for c in book.tables["customers"] if c["customer_id"] == customer_id)
    earlier = [e for e in book.tables["loan_applications"]
               if e["customer_id"] == customer_id and e["application_date"] < today]
    earlier_ids = {e["loan_id"] for e in earlier}
    due = [r for r in book.tables["repayment_history"]
           if r["loan_id"] in earlier_ids and r["due_date"] < today]
    pull = newest_pull([p for p in book.tables["credit_history"]
                        if p["customer_id"] == customer_id], today)
    row = {"loan_id": loan["loan_id"], "employment_years": customer["years_employed"]}
    row.update({name: customer[name] for name in CUSTOMER})
    row.update({name: loan[name] for name in LOAN})
    row.update({name: None if pull is None else pull[name] for name in BUREAU})
    row["credit_utilization"] = (None if pull is None or pull["total_credit_limit"] == 0
                                 else 100 * pull["current_balance"] / pull["total_credit_limit"])
    row["existing_loans"] = len(earlier)
    row["prior_exposure"] = sum(e["loan_amount"] for e in earlier)
    row["prior_loan_types"] = len({e["loan_type"] for e in earlier} | {loan["loan_type"]})
    row.update({name: None for name in HISTORY if name not in row})
    row.update(repayment_fields(due, today))
    return row


def same(expected, got):
    if isinstance(expected, str) or expected is None or got is None:
        return expected == got
    return abs(expected - got) <= 1e-9 * max(1, abs(expected))


def check_book(root, text, seed, seen):
    """Compares one book; returns the number of applications."""
    book = Book(root, seed)
    got = book.training(text)
    known = [loan for loan in book.tables["loan_applications"] if loan["is_default"] is not None]
    assert set(got) == {loan["loan_id"] for loan in known}, \
        f"seed {seed}: not the applications with a known outcome"
    for loan in known:
        expected, row = expected_row(book, loan), got[loan["loan_id"]]
        assert set(row) == set(expected), f"columns {set(row) ^ set(expected)}"
        for name, value in expected.items():
            assert same(value, row[name]), (f"seed {seed}, loan {loan['loan_id']} of "
                                            f"{loan['application_date']}: {name} is {row[name]}, "
                                            f"by its definition {value}")
            seen.setdefault(name, set()).add(value)
    return len(known)


def number_of_cases():
    chosen = os.environ.get("CREDITRISK_CASES", str(USUAL_CASES))
    if not (chosen.isascii() and chosen.isdigit() and int(chosen) > 0):
        sys.exit(f"CREDITRISK_CASES must be a positive number, not '{chosen}'")
    return int(chosen)


def main():
    root = pathlib.Path(sys.argv[1])
    text = pathlib.Path(sys.argv[2] if len(sys.argv) > 2
                        else root / "config/portfolios/retail/training.sql").read_text()
    n_cases, n, seed, seen = number_of_cases(), 0, 0, {}
    while n < n_cases:
        seed += 1
        n += check_book(root, text, seed, seen)
    print(f"{n} applications of {seed} books, {len(seen)} columns each: as defined")
    if n >= USUAL_CASES:  # the books had something to get wrong
        for name, may_be_missing in {**HISTORY, **dict.fromkeys(BUREAU, True)}.items():
            assert len(seen[name] - {None}) >= 2, f"{name} never varied"
            assert not may_be_missing or None in seen[name], f"{name} was never missing"


if __name__ == "__main__":
    main()
