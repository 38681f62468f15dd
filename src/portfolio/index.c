// SPDX-License-Identifier: MIT
#include "index.h"

#include <assert.h>
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

int cr_index_build(struct cr_loader *loader, struct cr_error *err)
{
    struct cr_portfolio *portfolio = loader->portfolio;
    size_t n_slots = 4;
    size_t *slots;
    int result;

    while (n_slots < 4 * portfolio->n_fields) {
        n_slots *= 2;
    }
    result = cr_load_array(loader, n_slots, sizeof(*slots), &slots, err);
    if (result != 0) {
        return result;
    }
    for (size_t i = 0; i < portfolio->n_fields; i++) {
        const char *name = portfolio->fields[i].name;
        size_t slot = hash(name, strlen(name)) & (n_slots - 1);

        while (slots[slot] != 0) {
            slot = (slot + 1) & (n_slots - 1);
        }
        slots[slot] = i + 1;
    }
    portfolio->field_slots = slots;
    portfolio->n_field_slots = n_slots;
    return 0;
}

static bool has_name(const struct cr_field *field, const char *name, size_t len)
{
    return strncmp(field->name, name, len) == 0 && field->name[len] == '\0';
}

ptrdiff_t cr_index_find_field(const struct cr_portfolio *portfolio, size_t likely, const char *name,
                              size_t len)
{
    size_t mask = portfolio->n_field_slots - 1;
    size_t slot;

    assert(portfolio->n_field_slots > 0);
    if (likely < portfolio->n_fields && has_name(&portfolio->fields[likely], name, len)) {
        return (ptrdiff_t)likely;
    }
    slot = hash(name, len) & mask;
    for (; portfolio->field_slots[slot] != 0; slot = (slot + 1) & mask) {
        size_t field = portfolio->field_slots[slot] - 1;

        if (has_name(&portfolio->fields[field], name, len)) {
            return (ptrdiff_t)field;
        }
    }
    return -1;
}
