// SPDX-License-Identifier: MIT
#include "index.h"

#include <stdint.h>
#include <string.h>

#include "load.h"

/* Eight bytes at a time, mixed by a multiplication with 2^64 divided by the golden ratio (D. Knuth,
 * The Art of Computer Programming 3, section 6.4), whose upper half depends on all of them. The
 * portfolio's author chooses the names, so nobody can aim at collisions; the table is at most a
 * quarter full. */
static uint32_t hash(const char *name, size_t len)
{
    uint64_t h = len, word;

    for (; len >= sizeof(word); name += sizeof(word), len -= sizeof(word)) {
        memcpy(&word, name, sizeof(word));
        h = ((h ^ word) * UINT64_C(0x9e3779b97f4a7c15)) ^ h >> 32;
    }
    word = 0;
    memcpy(&word, name, len);
    h = ((h ^ word) * UINT64_C(0x9e3779b97f4a7c15)) ^ h >> 32;
    return (uint32_t)(h >> 32);
}

/* The names in their quotes, one behind the other. */
static int put_keys(struct cr_loader *loader, struct cr_index_field *fields, struct cr_error *err)
{
    const struct cr_portfolio *portfolio = loader->portfolio;
    size_t len = 0;
    char *keys;
    int result;

    for (size_t i = 0; i < portfolio->n_fields; i++) {
        fields[i].key_len = (uint8_t)(strlen(portfolio->fields[i].name) + 2);
        len += fields[i].key_len;
    }
    result = cr_load_array(loader, len, 1, &keys, err);
    for (size_t i = 0; result == 0 && i < portfolio->n_fields; i++) {
        size_t n = fields[i].key_len;

        fields[i].key = keys;
        keys[0] = keys[n - 1] = '"';
        memcpy(keys + 1, portfolio->fields[i].name, n - 2);
        keys += n;
    }
    return result;
}

static int put_fields(struct cr_loader *loader, struct cr_index *index, struct cr_error *err)
{
    const struct cr_portfolio *portfolio = loader->portfolio;
    struct cr_index_field *fields;
    struct cr_index_default *defaults;
    int result = cr_load_array(loader, portfolio->n_fields + 1, sizeof(*fields), &fields, err);

    if (result == 0) {
        result = cr_load_array(loader, portfolio->n_fields, sizeof(*defaults), &defaults, err);
    }
    for (size_t i = 0; result == 0 && i < portfolio->n_fields; i++) {
        const struct cr_field *field = &portfolio->fields[i];

        fields[i].type = (uint8_t)field->type;
        fields[i].required = field->required;
        fields[i].nullable = field->nullable;
        if (field->type == CR_ENUM) {
            fields[i].levels = field->levels.texts;
            fields[i].n_levels = field->levels.n;
        } else {
            fields[i].min = field->min;
            fields[i].max = field->max;
        }
        if (!cr_value_is_missing(field->default_value)) {
            defaults[index->n_defaults++] = (struct cr_index_default){i, field->default_value};
        }
        index->n_required += field->required;
    }
    if (result != 0) {
        return result;
    }
    index->fields = fields;
    index->defaults = defaults;
    return put_keys(loader, fields, err);
}

static int put_slots(struct cr_loader *loader, struct cr_index *index, struct cr_error *err)
{
    const struct cr_portfolio *portfolio = loader->portfolio;
    uint16_t *slots;
    int result;

    index->n_slots = 4;
    while (index->n_slots < 4 * portfolio->n_fields) {
        index->n_slots *= 2;
    }
    result = cr_load_array(loader, index->n_slots, sizeof(*slots), &slots, err);
    if (result != 0) {
        return result;
    }
    for (size_t i = 0; i < portfolio->n_fields; i++) {
        const char *name = portfolio->fields[i].name;
        size_t slot = hash(name, strlen(name)) & (index->n_slots - 1);

        while (slots[slot] != 0) {
            slot = (slot + 1) & (index->n_slots - 1);
        }
        slots[slot] = (uint16_t)(i + 1);
    }
    index->slots = slots;
    return 0;
}

int cr_index_build(struct cr_loader *loader, struct cr_error *err)
{
    struct cr_index *index;
    int result = cr_load_array(loader, 1, sizeof(*index), &index, err);

    if (result == 0) {
        result = put_fields(loader, index, err);
    }
    if (result == 0) {
        result = put_slots(loader, index, err);
    }
    if (result == 0) {
        loader->portfolio->index = index;
    }
    return result;
}

ptrdiff_t cr_index_find_field(const struct cr_index *index, const char *name, size_t len)
{
    size_t mask = index->n_slots - 1;

    for (size_t slot = hash(name, len) & mask; index->slots[slot] != 0; slot = (slot + 1) & mask) {
        size_t i = index->slots[slot] - 1U;
        const struct cr_index_field *field = &index->fields[i];

        if (field->key_len == len + 2 && memcmp(field->key + 1, name, len) == 0) {
            return (ptrdiff_t)i;
        }
    }
    return -1;
}
