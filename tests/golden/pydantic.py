#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What FastAPI with pydantic answers to bad applications; prints tests/golden/pydantic.jsonl.

    pip install pydantic==2.14.3 fastapi==0.165.0 httpx
    python3 tests/golden/pydantic.py > tests/golden/pydantic.jsonl

The first line names the versions; every other one is {"body": the bytes sent, "detail": the answer
without "input" and "url"}. The model is the table of the 15 fields of the reference system in
pydantic's own words: integers are taken from whole floats but not from texts or booleans, enums
only from their exact levels. Left out, because we differ on purpose: NaN and Infinity, duplicate
keys, bad UTF-8, lone surrogates, nesting above 8 (all of them json_invalid here); whole floats
beyond 2^63 for an integer (int_parsing_size there, the bound here); integers beyond the range of
double for a number (float_type there, finite_number here).
"""
import json
import platform
import sys
import warnings
from enum import Enum
from typing import Annotated, Optional

sys.path.pop(0)  # this folder: else `import pydantic` would find this file

import fastapi
import pydantic
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict
from pydantic_core import PydanticKnownError

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient


def only_numbers(value):
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise PydanticKnownError("int_type")
    return value


def integer(low, high):
    return Annotated[int, BeforeValidator(only_numbers), Field(ge=low, le=high)]


def number(low, high):
    return Annotated[float, Strict(), Field(ge=low, le=high)]


def levels(name, *texts):
    return Enum(name, {f"level_{i}": text for i, text in enumerate(texts)}, type=str)


Gender = levels("Gender", "Male", "Female", "Other")
MaritalStatus = levels("MaritalStatus", "Single", "Married", "Divorced", "Widowed")
Education = levels("Education", "Below Secondary", "Secondary", "Higher Secondary", "Bachelor",
                   "Master", "PhD")
EmploymentType = levels("EmploymentType", "Salaried", "Self-Employed", "Business", "Freelance",
                        "Unemployed")
LoanType = levels("LoanType", "Personal", "Home", "Auto", "Education", "Business", "Gold",
                  "Credit Card")


class LoanApplication(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    age: integer(18, 70)
    gender: Gender
    marital_status: MaritalStatus
    education: Optional[Education]
    dependents: integer(0, 10) = 0
    employment_type: EmploymentType
    employment_years: Optional[number(0, 40)]
    annual_income: number(50000, 50000000)
    credit_score: Optional[integer(300, 900)]
    credit_utilization: number(0, 100) = 40
    existing_loans: integer(0, 20) = 1
    loan_type: LoanType
    loan_amount: number(10000, 50000000)
    loan_term_months: integer(3, 360) = 36
    interest_rate: Optional[number(1, 40)] = 12.0


GOOD = {
    "age": "35", "gender": '"Female"', "marital_status": '"Married"', "education": '"Bachelor"',
    "dependents": "1", "employment_type": '"Salaried"', "employment_years": "8.5",
    "annual_income": "900000", "credit_score": "745", "credit_utilization": "30",
    "existing_loans": "1", "loan_type": '"Personal"', "loan_amount": "500000",
    "loan_term_months": "36", "interest_rate": "12.0",
}
GOOGOL = "1" + 100 * "0"

# Changes of the good body: a field's JSON text, or None to leave it out.
CHANGES = [
    # integers
    {"age": '"28"'}, {"age": "true"}, {"age": "null"}, {"age": "[]"}, {"age": "{}"},
    {"age": "28.5"}, {"age": "17"}, {"age": "71"}, {"age": "5.0"}, {"age": "-1"}, {"age": "-0.0"},
    {"age": "1e2"}, {"age": "1e999"}, {"age": "-1e999"}, {"age": "1" + 24 * "0"},
    {"age": "-1" + 24 * "0"}, {"age": GOOGOL}, {"age": "1e-3"}, {"age": "9223372036854775808"},
    {"dependents": "null"}, {"dependents": "11"}, {"existing_loans": '""'},
    {"loan_term_months": "2"}, {"loan_term_months": "360.5"}, {"credit_score": '"high"'},
    {"credit_score": "299"}, {"credit_score": "901.0"}, {"credit_score": "false"},
    # numbers
    {"annual_income": '"900000"'}, {"annual_income": "true"}, {"annual_income": "null"},
    {"annual_income": "[900000]"}, {"annual_income": "49999.99"}, {"annual_income": "50000001"},
    {"annual_income": "1" + 24 * "0"}, {"annual_income": GOOGOL}, {"annual_income": "1e999"},
    {"annual_income": "-1e999"}, {"employment_years": "-0.5"}, {"employment_years": "40.0001"},
    {"employment_years": '"8"'}, {"credit_utilization": "100.1"}, {"credit_utilization": "null"},
    {"loan_amount": "9999"}, {"loan_amount": "{}"}, {"interest_rate": "0"},
    {"interest_rate": "0.99"}, {"interest_rate": "41"}, {"interest_rate": "false"},
    # enums
    {"gender": '"male"'}, {"gender": '"Male "'}, {"gender": "null"}, {"gender": "1"},
    {"gender": "true"}, {"gender": '""'}, {"gender": '["Male"]'}, {"gender": "{}"},
    {"education": '"bachelor"'}, {"education": "4"}, {"loan_type": '"credit card"'},
    {"loan_type": '"Gold\\u0020"'}, {"employment_type": '"Self Employed"'},
    {"marital_status": '"\\u00e9"'}, {"marital_status": '"é"'},
    # presence
    {"age": None}, {"education": None}, {"credit_score": None}, {"employment_years": None},
    {"age": None, "loan_amount": None, "gender": None}, {"loan_type": None, "dependents": '"x"'},
    # unknown keys, after the known fields and in their own order
    {"zeta": "1", "alpha": "2"}, {"": "1"}, {"AGE": "35"}, {"age ": "35"}, {"prénom": '"x"'},
    {"nested": '{"a": [1, {"b": null}]}', "age": "3"}, {"quote\\\"d": "1"}, {"\\u0061ge2": "1"},
    # several at once
    {"age": "1e999", "annual_income": "1e999", "gender": '"x"', "extra": "1e999"},
    {"interest_rate": '"x"', "age": '"x"', "loan_amount": "null", "credit_score": "1.5"},
    {name: "null" for name in GOOD}, {name: '"x"' for name in GOOD}, {name: "-1" for name in GOOD},
    {name: None for name in GOOD},
]

# Bodies that are no object, or no JSON.
TEXTS = [
    "", " ", "\n\t\r ", "null", "true", "[]", "[{}]", '"text"', "3", "-1.5e3", "{} ",
    "{", '{"age"', '{"age":', '{"age":}', '{"age": 1', '{"age": 1,', '{"age": 1,}', "{,}",
    '{"age" 1}', '{"age": 1 "gender": 2}', '{"age": 1;}', '{"age": 1}}', '{"age": 1} x', "{} {}",
    '{"age": 01}', '{"age": 1.}', '{"age": .5}', '{"age": -}', '{"age": 1e}', '{"age": +1}',
    '{"age": 0x10}', '{"age": tru}', '{"age": nul}', '{"age": True}', "{'age': 1}", "{age: 1}",
    '{"age": "x', '{"age": "\\', '{"age": "\\q"}', '{"age": "\\u12"}', '{"age": "\\u12G4"}',
    '{"age": "\\u', '{"a\nge": 1}', '{"age": "\t"}', '{"age": "\x01"}', '{"age": [1, 2}',
    '{"age": [1,]}', '{"age": [', '{"age": [1 2]}', '{"age": {"a"}}', '{"age": {"a": 1,}}', "}",
    "]", ",", "[1,", "[1 2]", "hello", "<xml/>", "{/* */}", '{"age": 1} // x', '"open', "--1",
    "1 2",
    '{"age": 1, "age2": {"x": [1, {"y": }]}}',
]


def bodies():
    for change in CHANGES:
        merged = {**GOOD, **change}
        yield "{" + ", ".join(f'"{k}": {v}' for k, v in merged.items() if v is not None) + "}"
    # the answer's order does not follow the body's
    reverse = reversed(list({**GOOD, "age": "1", "gender": "1", "loan_amount": "1"}.items()))
    yield '{"b": 1, ' + ", ".join(f'"{k}": {v}' for k, v in reverse) + ', "a": 1}'
    yield from TEXTS


app = fastapi.FastAPI()


@app.exception_handler(RequestValidationError)
def refuse(_request, error):
    kept = ("type", "loc", "msg", "ctx")
    detail = [{k: v for k, v in e.items() if k in kept} for e in error.errors()]
    return JSONResponse({"detail": detail}, 422)


@app.post("/predict")
def predict(application: LoanApplication):
    return application


def main():
    client = TestClient(app)
    print(json.dumps({"pydantic": pydantic.VERSION, "fastapi": fastapi.__version__,
                      "python": platform.python_version()}))
    for body in bodies():
        answer = client.post("/predict", content=body.encode(),
                             headers={"content-type": "application/json"})
        assert answer.status_code == 422, (body, answer.text)
        print(json.dumps({"body": body, "detail": answer.json()["detail"]}, ensure_ascii=False))


main()
