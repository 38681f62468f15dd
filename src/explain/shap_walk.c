// SPDX-License-Identifier: MIT
/* A leaf whose path tests the distinct features 1 … m gives feature d (shap_forest.c)
 *
 *   φ_d += value·(o_d − z_d)·Σ_{S ⊆ path∖d} |S|!·(m − 1 − |S|)!/m!·Π_{i∈S} o_i·Π_{i∉S} z_i
 *
 * and |S|!·(m − 1 − |S|)!/m! = ∫₀¹ t^|S|·(1 − t)^(m−1−|S|) dt turns the sum over subsets into a
 * product under an integral:
 *
 *   φ_d += value·(o_d − z_d)·∫₀¹ Π_{i≠d} f_i(t) dt,   f_i(t) = o_i·t + z_i·(1 − t).
 *
 * The integrand is a polynomial of degree m − 1, so Gauss and Radau's rule (quadrature.h) with n
 * points is exact up to m = 2n − 1; its points do not depend on the tree. At each point, with P(n)
 * the weight times the product of f over the path to n, and H(n) the sum of value·product of f over
 * the paths from n to its leaves,
 *
 *   P(child) = P(n)·f_child,   H(n) = Σ_children f_child·H(child)
 *   φ_d += Σ_points P(n)·Σ_children (o_child − z_child)·H(child)
 *
 * for the feature d of node n, one pass down and one up. For the two children of a node o_child is
 * 1 and 0 and z are their shares, which add up to 1. At the point 1 every f on x's way is 1, and 0
 * where it is left: H of a root is the value of the leaf that x reaches there.
 *
 * When d was met above n, with o and z so far, f = o·t + z·(1 − t), a child's factor replaces that
 * one: f_child = (o·[x goes there]·t + z·share·(1 − t))/f, and what the node above has already
 * given d for these leaves is taken back:
 *
 *   φ_d += Σ_points P(n)/f·Σ_children (o_child − z_child − (o − z)·f_child)·H(child).
 *
 * No f that is divided by is less than t: with o = 0, where z·(1 − t) may be as small as it likes,
 * the quotient is the share itself, as it comes of t = 0 and z = 1, and the node gives nothing. No
 * branch depends on the row. Several trees are walked at once, or the ends of short loops would
 * cost as much as what is done in them.
 */
#include "shap_walk.h"

#include <string.h>

#include "quadrature.h"

/* Two versions of what is inside, chosen when the program starts: both do the same operations in
 * the same order, so that the results are the same bits. Sanitizers do not bear such functions. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) &&       \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define TWO_VERSIONS __attribute__((target_clones("avx2", "default")))
#else
#define TWO_VERSIONS
#endif
#define INLINE inline __attribute__((always_inline)) /* in both versions */

void cr_walk_rules_init(struct cr_walk_rules *rules)
{
    for (size_t n = 1; n <= CR_WALK_MAX_RULES; n++) {
        double points[CR_WALK_MAX_RULES * CR_WALK_LANES];
        double weights[CR_WALK_MAX_RULES * CR_WALK_LANES];

        cr_quadrature_rule(n * CR_WALK_LANES, points, weights);
        for (size_t q = 0; q < n * CR_WALK_LANES; q++) {
            struct cr_walk_rule *rule = &rules->rules[n][q / CR_WALK_LANES];

            rule->point[q % CR_WALK_LANES] = points[q];
            rule->rest[q % CR_WALK_LANES] = 1.0 - points[q];
            rule->weight[q % CR_WALK_LANES] = weights[q];
        }
    }
}

/* Where a walk reads and writes. */
struct frame {
    const struct cr_walk *walk;
    const unsigned char *outcomes;
    cr_lanes *lanes;      /* of every place: P, and from the way up on H */
    cr_lanes *factors;    /* f of the steps to the children of every node */
    unsigned char *taken; /* o of every `again`, and 1 */
    cr_lanes *sums;
};

static size_t n_places(const struct cr_walk *walk)
{
    return walk->n_trees + 2 * walk->n_nodes;
}

size_t cr_walk_scratch_len(const struct cr_walk *walk)
{
    return (n_places(walk) + 2 * walk->n_nodes) * sizeof(cr_lanes) + walk->n_again + 1;
}

void cr_walk_outcomes(const struct cr_walk *walk, const double *row,
                      unsigned char *restrict outcomes)
{
    /* restrict: bytes may be any of what is read, and would make it be read again */
    for (size_t i = 0; i < walk->n_inner; i++) {
        outcomes[i] = row[walk->slots[i]] <= walk->thresholds[i];
    }
}

/* Whether x went towards a node at all above it that test the same feature. */
static void find_taken(const struct frame *frame)
{
    const struct cr_walk *walk = frame->walk;

    frame->taken[walk->n_again] = 1;
    for (size_t k = 0; k < walk->n_again; k++) {
        const struct cr_walk_again *again = &walk->again[k];

        frame->taken[k] =
            frame->taken[again->before] & (frame->outcomes[again->above] ^ again->side);
    }
}

/* The points, of which f gets a share only where x goes. */
struct step {
    cr_lanes t[2][2]; /* x goes right, left: for the left child, for the right one */
    cr_lanes rest;
};

static INLINE void step_to_children(const struct frame *frame, size_t i, const cr_lanes *down,
                                    const cr_lanes *f_left, const cr_lanes *f_right)
{
    cr_lanes *children = &frame->lanes[frame->walk->n_trees + 2 * i];

    frame->factors[2 * i] = *f_left;
    frame->factors[2 * i + 1] = *f_right;
    children[0] = *down * *f_left;
    children[1] = *down * *f_right;
}

static INLINE void step_down(const struct frame *frame, const struct step *step, size_t i)
{
    const struct cr_walk_node *node = &frame->walk->nodes[i];
    const cr_lanes *t = step->t[frame->outcomes[i]];
    const cr_lanes down = frame->lanes[node->place];
    const cr_lanes f_left = node->share[2] * step->rest + t[0];
    const cr_lanes f_right = node->share[1] * step->rest + t[1];

    step_to_children(frame, i, &down, &f_left, &f_right);
}

/* Leaves P/f in the place of P. */
static INLINE void step_down_again(const struct frame *frame, const struct step steps[2], size_t i,
                                   size_t k)
{
    const struct cr_walk_node *node = &frame->walk->nodes[i];
    const unsigned char o = frame->taken[k];
    const double zero = frame->walk->again[k].zero[o];
    const struct step *step = &steps[o];
    const cr_lanes *t = step->t[frame->outcomes[i]];
    const cr_lanes inverse = 1.0 / (zero * step->rest + (t[0] + t[1]));
    const cr_lanes down = frame->lanes[node->place];
    const cr_lanes f_left = (zero * node->share[2] * step->rest + t[0]) * inverse;
    const cr_lanes f_right = (zero * node->share[1] * step->rest + t[1]) * inverse;

    frame->lanes[node->place] = down * inverse;
    step_to_children(frame, i, &down, &f_left, &f_right);
}

/* P, and f of every step. */
static INLINE void go_down(const struct frame *frame, const struct cr_walk_rule *rule)
{
    const struct cr_walk *walk = frame->walk;
    const cr_lanes none = {0.0}, t = rule->point;
    const struct step steps[2] = {{{{none, none}, {none, none}}, 1.0 + none},
                                  {{{none, t}, {t, none}}, rule->rest}};
    size_t i = 0, k = 0;

    for (size_t j = 0; j < walk->n_trees; j++) {
        frame->lanes[j] = rule->weight;
    }
    for (size_t r = 0; r < walk->n_runs; r++) {
        const struct cr_walk_run *run = &walk->runs[r];

        for (const size_t end = k + run->n_again; k < end; i++, k++) {
            step_down_again(frame, steps, i, k);
        }
        for (const size_t end = i + run->n_plain; i < end; i++) {
            step_down(frame, &steps[1], i);
        }
    }
}

/* The lowest places: what the twigs give, and H where going up begins. */
static INLINE void turn(const struct frame *frame, const struct cr_walk_rule *rule)
{
    const struct cr_walk *walk = frame->walk;
    const cr_lanes none = {0.0};

    for (size_t i = walk->n_nodes; i < walk->n_inner; i++) {
        const struct cr_walk_twig *twig = &walk->twigs[i - walk->n_nodes];
        const unsigned char outcome = frame->outcomes[i];
        cr_lanes *place = &frame->lanes[twig->place];

        frame->sums[twig->feature] += twig->balance[outcome] * *place;
        *place = twig->mean * rule->rest + twig->value[outcome] * rule->point;
    }
    for (size_t i = 0; i < walk->n_leaves; i++) {
        frame->lanes[walk->leaves[i].place] = walk->leaves[i].value + none;
    }
}

static INLINE void step_up(const struct frame *frame, size_t i)
{
    const struct cr_walk_node *node = &frame->walk->nodes[i];
    const cr_lanes *children = &frame->lanes[frame->walk->n_trees + 2 * i];
    const cr_lanes h_left = children[0], h_right = children[1];
    cr_lanes *place = &frame->lanes[node->place];

    /* the shares add up to 1 */
    frame->sums[node->feature] += node->share[frame->outcomes[i]] * (*place * (h_left - h_right));
    *place = frame->factors[2 * i] * h_left + frame->factors[2 * i + 1] * h_right;
}

static INLINE void step_up_again(const struct frame *frame, size_t i, size_t k)
{
    const struct cr_walk_node *node = &frame->walk->nodes[i];
    const cr_lanes *children = &frame->lanes[frame->walk->n_trees + 2 * i];
    const cr_lanes h_left = children[0], h_right = children[1];
    const cr_lanes f_left = frame->factors[2 * i], f_right = frame->factors[2 * i + 1];
    const unsigned char o = frame->taken[k], goes_left = o & frame->outcomes[i];
    const double zero = frame->walk->again[k].zero[o];
    const double had = (double)o - zero;
    const double now_left = (double)goes_left - zero * node->share[2];
    const double now_right = (double)(o ^ goes_left) - zero * node->share[1];
    cr_lanes *place = &frame->lanes[node->place];

    frame->sums[node->feature] +=
        *place * ((now_left - had * f_left) * h_left + (now_right - had * f_right) * h_right);
    *place = f_left * h_left + f_right * h_right;
}

/* H, and what each node gives its feature. */
static INLINE void go_up(const struct frame *frame)
{
    const struct cr_walk *walk = frame->walk;
    size_t i = walk->n_nodes, k = walk->n_again;

    for (size_t r = walk->n_runs; r-- > 0;) {
        const struct cr_walk_run *run = &walk->runs[r];

        for (const size_t end = i - run->n_plain; i > end;) {
            step_up(frame, --i);
        }
        for (const size_t end = k - run->n_again; k > end;) {
            step_up_again(frame, --i, --k);
        }
    }
}

TWO_VERSIONS
void cr_walk_add(const struct cr_walk *walk, const struct cr_walk_rules *rules,
                 const unsigned char *outcomes, void *scratch, cr_lanes *sums, double *values)
{
    cr_lanes *lanes = scratch;
    cr_lanes *factors = lanes + n_places(walk);
    unsigned char *taken = (unsigned char *)(factors + 2 * walk->n_nodes);
    const struct frame frame = {walk, outcomes, lanes, factors, taken, sums};

    find_taken(&frame);
    for (size_t k = 0; k < walk->n_rules; k++) {
        const struct cr_walk_rule *rule = &rules->rules[walk->n_rules][k];

        go_down(&frame, rule);
        turn(&frame, rule);
        go_up(&frame);
    }
    for (size_t j = 0; j < walk->n_trees; j++) {
        values[j] = lanes[j][CR_WALK_LANES - 1]; /* H at the point 1 */
    }
}
