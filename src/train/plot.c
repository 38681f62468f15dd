// SPDX-License-Identifier: MIT
/* The plot files, by one gnuplot: its script is a file that becomes its standard input, and it runs
 * inside the target folder, so that no path and no shell ever stands in between. Text of the
 * document becomes single-quoted strings, in which gnuplot knows no escapes. */
#include "drawing.h"

#include <errno.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "creditrisk/train/report.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"

#define BLUE   "#1d4ed8"
#define ORANGE "#c2410c"
#define GREY   "#64748b"

/* Colours of the models, as in report.css. */
static const char *const colors[CR_N_SERIES] = {BLUE,      ORANGE,    "#0f766e",
                                                "#7e22ce", "#a16207", "#be185d"};

bool cr_report_can_plot(void)
{
    const char *path = getenv("PATH");
    while (path != NULL && *path != '\0') {
        size_t len = strcspn(path, ":");
        char file[4096];
        int n = snprintf(file, sizeof file, "%.*s/gnuplot", (int)len, path);
        if (len > 0 && n > 0 && (size_t)n < sizeof file && access(file, X_OK) == 0) {
            return true;
        }
        path += len + (path[len] == ':');
    }
    return false;
}

static void put_quoted(struct cr_strbuf *script, const char *text)
{
    cr_strbuf_putc(script, '\'');
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\'') {
            cr_strbuf_putc(script, '\'');
        }
        cr_strbuf_putc(script, (unsigned char)*c < ' ' || *c == 0x7F ? ' ' : *c);
    }
    cr_strbuf_putc(script, '\'');
}

static void put_block(struct cr_strbuf *script, const char *name, size_t index,
                      const struct cr_points *points, double scale)
{
    cr_strbuf_printf(script, "$%s%zu << EOD\n", name, index);
    for (size_t i = 0; i < points->n; i++) {
        cr_strbuf_put_double(script, points->x[i]);
        cr_strbuf_putc(script, ' ');
        cr_strbuf_put_double(script, points->y[i] / scale);
        cr_strbuf_putc(script, '\n');
    }
    cr_strbuf_puts(script, "EOD\n");
}

static void start_file(struct cr_strbuf *script, const char *name, bool png, int width, int height)
{
    if (png) {
        cr_strbuf_printf(script,
                         "set terminal pngcairo noenhanced size %d,%d font 'sans,16' linewidth 1.6 "
                         "background '#ffffff'\n",
                         width * 3 / 2, height * 3 / 2);
    } else {
        cr_strbuf_printf(script,
                         "set terminal svg noenhanced size %d,%d dynamic font 'sans-serif,13' "
                         "background '#ffffff'\n",
                         width, height);
    }
    cr_strbuf_printf(script, "set output '%s.%s'\n", name, png ? "png" : "svg");
}

static void put_style(struct cr_strbuf *script)
{
    cr_strbuf_puts(script, "set encoding utf8\n"
                           "set border 3 linecolor rgb '" GREY "'\n"
                           "set tics nomirror textcolor rgb '#334155'\n"
                           "set grid linecolor rgb '#e2e8f0' linetype 1\n"
                           "set key noenhanced textcolor rgb '#0f172a'\n");
}

/* One plot of every model's curve. */
static void put_curve(struct cr_strbuf *script, const struct cr_drawing *drawing,
                      enum cr_curve curve, bool png)
{
    static const char *const keys[] = {"bottom right", "bottom left", "top left", "top right"};
    const struct cr_curve_info *info = &cr_curves[curve];
    double x_max, y_max, step;
    cr_drawing_extent(drawing, curve, &x_max, &y_max);
    if (!(x_max > 0 && y_max > 0)) {
        return;
    }
    double end = info->unit_square ? 1 : cr_drawing_round_up(fmax(x_max, y_max), &step);
    start_file(script, info->name, png, 640, 520);
    cr_strbuf_printf(script, "set title '%s'\nset xlabel '%s'\nset ylabel '%s'\nset key %s\n",
                     info->title, info->x_label, info->y_label, keys[curve]);
    if (curve == CR_CURVE_LIFT) {
        end = cr_drawing_round_up(y_max, &step);
        cr_strbuf_printf(script, "set xrange [0:1]\nset yrange [0:%g]\nplot ", end);
        cr_strbuf_puts(script, "1 title 'no model'");
    } else {
        cr_strbuf_printf(script, "set xrange [0:%g]\nset yrange [0:%g]\nplot ", end, end);
        cr_strbuf_puts(script, curve == CR_CURVE_PRECISION_RECALL ? "NaN notitle" : "x ");
        cr_strbuf_puts(script, curve == CR_CURVE_ROC           ? "title 'no model'"
                               : curve == CR_CURVE_CALIBRATION ? "title 'perfect'"
                                                               : "");
    }
    cr_strbuf_puts(script, " with lines dashtype 2 linecolor rgb '" GREY "'");
    bool dots = curve == CR_CURVE_CALIBRATION || curve == CR_CURVE_LIFT;
    for (size_t m = 0; m < json_array_size(drawing->models); m++) {
        const json_t *model = json_array_get(drawing->models, m);
        struct cr_points points;
        cr_drawing_curve(model, curve, &points);
        if (points.n == 0) {
            continue;
        }
        cr_strbuf_printf(script, ", $%s%zu using 1:2 with %s linewidth %s linecolor rgb '%s'",
                         info->name, m, dots ? "linespoints pointtype 7 pointsize 0.6" : "lines",
                         m == drawing->champion_index ? "2.4" : "1.4", colors[m % CR_N_SERIES]);
        cr_strbuf_puts(script, " title ");
        put_quoted(script, cr_drawing_model_name(model));
    }
    cr_strbuf_puts(script, "\nset output\n");
}

/* A vertical line at x over the whole panel. */
static void put_arrow(struct cr_strbuf *script, int tag, double x, const char *color)
{
    if (isfinite(x)) {
        cr_strbuf_printf(script,
                         "set arrow %d from first %g, graph 0 to first %g, graph 1 nohead "
                         "dashtype 2 linecolor rgb '%s'\n",
                         tag, x, x, color);
    }
}

/* A label at the top of the vertical line at x, on one side of it. */
static void put_label(struct cr_strbuf *script, int tag, double x, bool is_left, const char *color,
                      const char *text)
{
    cr_strbuf_printf(script,
                     "set label %d \"%s\" at first %g, graph 0.96 %s offset %g,0 front "
                     "textcolor rgb '%s'\n",
                     tag, text, x, is_left ? "right" : "left", is_left ? -0.6 : 0.6, color);
}

/* The lines of the optimum and of 0.5. The label of the optimum is a fifth of a panel wide: it
 * stands where neither the other line nor the panel's end runs through it, and the other line's
 * beyond that. */
static void put_marks(struct cr_strbuf *script, double optimum)
{
    put_arrow(script, 1, optimum, ORANGE);
    put_arrow(script, 2, 0.5, GREY);
    if (isfinite(optimum)) {
        bool is_left = (optimum > 0.25 && optimum < 0.5) || optimum > 0.75;
        char text[32];
        (void)snprintf(text, sizeof text, "optimum\\n%.2f", optimum);
        put_label(script, 1, optimum, is_left, ORANGE, text);
    }
    put_label(script, 2, 0.5, optimum >= 0.5, GREY, "0.5");
}

/* The unit in which the champion's costs are drawn. */
static double cost_unit(const struct cr_drawing *drawing, const char **ret_name)
{
    struct cr_points points;
    double most = 0;
    cr_drawing_sweep(drawing->champion, "cost", &points);
    for (size_t i = 0; i < points.n; i++) {
        most = fmax(most, points.y[i]);
    }
    return cr_drawing_money_unit(drawing, most, ret_name);
}

/* Three panels over the threshold: cost, recall, precision of the champion. */
static void put_threshold(struct cr_strbuf *script, const struct cr_drawing *drawing, bool png)
{
    static const struct {
        const char *block;
        const char *title;
    } panels[] = {{"cost", NULL}, {"recall", "Recall"}, {"precision", "Precision"}};
    struct cr_points points;
    cr_drawing_sweep(drawing->champion, "cost", &points);
    if (points.n == 0) {
        return;
    }
    start_file(script, "threshold_analysis", png, 1200, 420);
    cr_strbuf_puts(script, "set multiplot layout 1,3\nset key off\nset xrange [0:1]\n"
                           "set xlabel 'threshold'\nset ylabel ''\n");
    put_marks(script, cr_drawing_number(drawing->champion, "threshold"));
    for (size_t i = 0; i < CR_ARRAY_LEN(panels); i++) {
        cr_strbuf_puts(script, "set title ");
        if (i == 0) {
            CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf title = CR_STRBUF_INIT;
            const char *unit;
            (void)cost_unit(drawing, &unit); /* the data stands in it, see put_data */
            cr_strbuf_printf(&title, "Total cost, %s %s", drawing->currency, unit);
            put_quoted(script, cr_strbuf_text(&title));
            cr_strbuf_puts(script, "\nset yrange [0:*]\n");
        } else {
            cr_strbuf_printf(script, "'%s'\nset yrange [0:1]\n", panels[i].title);
        }
        cr_strbuf_printf(script,
                         "plot $%s0 using 1:2 with lines linewidth 2.2 linecolor rgb '" BLUE "'\n",
                         panels[i].block);
    }
    cr_strbuf_puts(script, "unset multiplot\nset output\nunset arrow\nunset label\n");
}

static void put_data(struct cr_strbuf *script, const struct cr_drawing *drawing)
{
    static const char *const sweeps[] = {"cost", "recall", "precision"};
    struct cr_points points;
    const char *unit_name;
    double unit = cost_unit(drawing, &unit_name);
    for (int curve = 0; curve < CR_N_CURVES; curve++) {
        for (size_t m = 0; m < json_array_size(drawing->models); m++) {
            cr_drawing_curve(json_array_get(drawing->models, m), curve, &points);
            put_block(script, cr_curves[curve].name, m, &points, 1);
        }
    }
    for (size_t i = 0; i < CR_ARRAY_LEN(sweeps); i++) {
        cr_drawing_sweep(drawing->champion, sweeps[i], &points);
        put_block(script, sweeps[i], 0, &points, i > 0 ? 1 : unit);
    }
}

/* gnuplot's first line of complaint as the error. */
static int refused(FILE *complaint, int status, struct cr_error *err)
{
    char line[256];
    rewind(complaint);
    while (fgets(line, sizeof line, complaint) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[strspn(line, " \t^")] != '\0' && strncmp(line, "gnuplot>", 8) != 0) {
            return cr_error_set(err, CR_EUNAVAIL, "gnuplot refused: '%s'", line);
        }
    }
    return cr_error_set(err, CR_EUNAVAIL, "gnuplot ended with status %d", status);
}

static int spawn(const char *dir, FILE *script, FILE *complaint, pid_t *ret_pid)
{
    /* -d: nobody's ~/.gnuplot changes the report */
    char *const arguments[] = {(char[]){"gnuplot"}, (char[]){"-d"}, (char[]){"-"}, NULL};
    posix_spawn_file_actions_t actions;
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed != 0) {
        return failed;
    }
    if ((failed = posix_spawn_file_actions_adddup2(&actions, fileno(script), 0)) == 0 &&
        (failed = posix_spawn_file_actions_adddup2(&actions, fileno(complaint), 1)) == 0 &&
        (failed = posix_spawn_file_actions_adddup2(&actions, fileno(complaint), 2)) == 0 &&
        (failed = posix_spawn_file_actions_addchdir_np(&actions, dir)) == 0) {
        failed = posix_spawnp(ret_pid, "gnuplot", &actions, NULL, arguments, environ);
    }
    (void)posix_spawn_file_actions_destroy(&actions); /* frees; nothing to report */
    return failed;
}

static int run_gnuplot(const char *dir, const struct cr_strbuf *script, struct cr_error *err)
{
    CR_CLEANUP(cr_fclosep) FILE *input = tmpfile();
    CR_CLEANUP(cr_fclosep) FILE *complaint = tmpfile();
    if (input == NULL || complaint == NULL ||
        fwrite(script->data, 1, script->len, input) != script->len || fflush(input) != 0 ||
        lseek(fileno(input), 0, SEEK_SET) != 0) {
        return cr_error_set(err, CR_EIO, "cannot write a temporary file for gnuplot: %s",
                            strerror(errno));
    }
    pid_t pid;
    int failed = spawn(dir, input, complaint, &pid);
    if (failed != 0) {
        return cr_error_set(err, CR_EUNAVAIL, "cannot start gnuplot: %s", strerror(failed));
    }
    int status;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return cr_error_set(err, CR_EIO, "cannot wait for gnuplot: %s", strerror(errno));
        }
    }
    return status == 0 ? 0 : refused(complaint, status, err);
}

int cr_report_write_plots(const struct cr_drawing *drawing, const char *dir, bool with_png,
                          struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf script = CR_STRBUF_INIT;
    put_style(&script);
    put_data(&script, drawing);
    for (int png = 0; png <= (int)with_png; png++) {
        cr_strbuf_puts(&script, "reset\n");
        put_style(&script);
        for (int curve = 0; curve < CR_N_CURVES; curve++) {
            put_curve(&script, drawing, curve, png);
        }
        put_threshold(&script, drawing, png);
    }
    int result = cr_strbuf_check(&script, err);
    return result != 0 ? result : run_gnuplot(dir, &script, err);
}
