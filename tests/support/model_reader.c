// SPDX-License-Identifier: MIT
#include "model_reader.h"

#include <math.h>

#include "cr_test.h"
#include "creditrisk/model/forest.h"
#include "creditrisk/util/cleanup.h"

int model_reader_load(const struct model_reader *reader, const char *bytes, size_t len,
                      struct cr_model **ret_model, struct cr_error *err)
{
    return cr_model_load(reader->kind, bytes, len, reader->names, reader->n_inputs, ret_model, err);
}

void model_reader_replace(const char *text, const char *find, const char *by, struct cr_strbuf *out)
{
    const char *place = strstr(text, find);

    if (place == NULL) {
        fail_msg("'%s' is not in the model", find);
        return;
    }
    cr_strbuf_append(out, text, (size_t)(place - text));
    cr_strbuf_puts(out, by);
    cr_strbuf_puts(out, place + strlen(find));
}

void model_reader_check_changes(const struct model_reader *reader,
                                const struct model_change *changes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf file = CR_STRBUF_INIT;
        struct cr_model *model = NULL;
        struct cr_error err = {0};
        int result;

        model_reader_replace(reader->good, changes[i].find, changes[i].by, &file);
        result = model_reader_load(reader, file.data, file.len, &model, &err);
        if ((result != CR_EMODEL && result != CR_EPARSE) || model != NULL ||
            strstr(err.message, changes[i].message) == NULL) {
            fail_msg("%s for %s: %d '%s', not '%s'", changes[i].by, changes[i].find, result,
                     err.message, changes[i].message);
        }
    }
}

void model_reader_check_depth(const struct model_reader *reader,
                              void (*write_chain)(size_t depth, struct cr_strbuf *out))
{
    static const size_t depths[] = {1, CR_FOREST_MAX_DEPTH, CR_FOREST_MAX_DEPTH + 1, 20000};

    for (size_t i = 0; i < CR_ARRAY_LEN(depths); i++) {
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf file = CR_STRBUF_INIT;
        struct cr_model *model = NULL;
        struct cr_error err = {0};

        write_chain(depths[i], &file);
        if (depths[i] <= CR_FOREST_MAX_DEPTH) {
            cr_assert_ok(model_reader_load(reader, file.data, file.len, &model, &err), &err);
            assert_int_equal(cr_forest_depth(model->ops->forest(model)), depths[i]);
        } else {
            assert_int_equal(model_reader_load(reader, file.data, file.len, &model, &err),
                             CR_EMODEL);
            cr_assert_says(&err, "the tree is too deep");
        }
        cr_model_destroy(model);
    }
}

bool model_reader_takes(const struct model_reader *reader, const char *bytes, size_t len)
{
    static const double rows[][MODEL_READER_MAX_INPUTS] = {
        {0, 0, 0, 0}, {1, -3, 2, NAN}, {NAN, NAN, NAN, NAN}};
    struct cr_model *model = NULL;
    struct cr_error err = {0};

    assert_true(reader->n_inputs <= MODEL_READER_MAX_INPUTS);
    if (model_reader_load(reader, bytes, len, &model, &err) < 0) {
        assert_true(model == NULL && err.message[0] != '\0');
        return false;
    }
    for (size_t i = 0; i < CR_ARRAY_LEN(rows); i++) {
        assert_true(isfinite(cr_model_margin(model, rows[i])));
    }
    cr_model_destroy(model);
    return true;
}

/* The copies have exactly the bytes, so that a sanitizer sees any step beyond them. */
void model_reader_check_damage(const struct model_reader *reader)
{
    static const unsigned char patterns[] = {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff};
    size_t len = reader->good_len, n_refused = 0, n = 0;

    for (size_t i = 0; i < len; i++) {
        CR_CLEANUP(cr_freep) char *copy = malloc(len);

        assert_non_null(copy);
        memcpy(copy, reader->good, len);
        for (size_t k = 0; k < CR_ARRAY_LEN(patterns); k++, n++) {
            copy[i] = (char)((unsigned char)reader->good[i] ^ patterns[k]);
            n_refused += !model_reader_takes(reader, copy, len);
        }
    }
    assert_true(n_refused > n / 2 && n_refused < n);
    for (size_t i = 0; i < len; i++) {
        CR_CLEANUP(cr_freep) char *copy = malloc(i + 1);

        assert_non_null(copy);
        memcpy(copy, reader->good, i);
        assert_false(model_reader_takes(reader, copy, i));
    }
}
