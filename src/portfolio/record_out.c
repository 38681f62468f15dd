// SPDX-License-Identifier: MIT
/* Records on their way out: as JSON, and whether a client could have sent them. */
#include "creditrisk/portfolio/record.h"

#include <math.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/json.h"

static bool fits_integer(double number)
{
    return number == floor(number) && fabs(number) < 0x1p63;
}

json_t *cr_field_to_json(const struct cr_field *field, struct cr_value value)
{
    if (cr_value_is_missing(value)) {
        return json_null();
    }
    switch (field->type) {
    case CR_BOOL:
        return json_boolean(value.number != 0.0);
    case CR_INT:
        return fits_integer(value.number) ? json_integer((json_int_t)value.number)
                                          : cr_json_number(value.number);
    case CR_NUMBER:
        return cr_json_number(value.number);
    case CR_ENUM:
    case CR_DATE:
    case CR_TEXT:
        break;
    }
    return json_string(value.text);
}

/* Whether a record without this value is read back without it when its key is left out. */
static bool may_be_absent(const struct cr_field *field)
{
    return !field->required && cr_value_is_missing(field->default_value);
}

json_t *cr_record_to_json(const struct cr_portfolio *portfolio, const struct cr_record *record)
{
    CR_CLEANUP(cr_json_decrefp) json_t *object = json_object();

    for (size_t i = 0; object != NULL && i < portfolio->n_fields; i++) {
        const struct cr_field *field = &portfolio->fields[i];
        struct cr_value value = record->values[i];

        if (cr_value_is_missing(value) && may_be_absent(field)) {
            continue;
        }
        if (json_object_set_new_nocheck(object, field->name, cr_field_to_json(field, value)) != 0) {
            return NULL;
        }
    }
    return CR_STEAL(object);
}

static bool is_sendable_text(const struct cr_field *field, const char *text)
{
    int64_t days;

    if (text == NULL) {
        return false;
    }
    return field->type == CR_ENUM ? cr_levels_find(&field->levels, text, strlen(text)) >= 0
                                  : cr_clock_parse_date(text, strlen(text), &days);
}

static bool is_sendable(const struct cr_field *field, struct cr_value value)
{
    if (cr_value_is_missing(value)) {
        return field->nullable || may_be_absent(field);
    }
    switch (field->type) {
    case CR_INT:
        if (value.number != floor(value.number)) {
            return false;
        }
        break;
    case CR_BOOL:
        return value.number == 0.0 || value.number == 1.0;
    case CR_ENUM:
    case CR_DATE:
    case CR_TEXT:
        return is_sendable_text(field, value.text);
    case CR_NUMBER:
        break;
    }
    return isfinite(value.number) && value.number >= field->min && value.number <= field->max;
}

bool cr_record_is_sendable(const struct cr_portfolio *portfolio, const struct cr_record *record)
{
    for (size_t i = 0; i < portfolio->n_fields; i++) {
        if (!is_sendable(&portfolio->fields[i], record->values[i])) {
            return false;
        }
    }
    return true;
}
