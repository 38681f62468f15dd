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
 * The integrand is a polynomial of degree m − 1, so Gauss and Legendre's rule with ⌈m/2⌉ points is
 * exact; its points do not depend on the tree. At each point, with P(n) the weight times the
 * product of f over the path to n, and H(n) the sum of value·product of f over the paths from n to
 * its leaves,
 *
 *   P(child) = P(n)·f_child,   H(n) = Σ_children f_child·H(child)
 *   φ_d += Σ_points P(n)·Σ_children (o_child − z_child)·H(child)
 *
 * for the feature d of node n, one pass down and one up. For the two children of a node o_child is
 * 1 and 0 and z are their shares, which add up to 1.
 *
 * When d was met above n, with o and z so far, f = o·t + z·(1 − t), a child's factor replaces that
 * one: f_child = (o·[x goes there]·t + z·share·(1 − t))/f, and what the node above has already
 * given d for these leaves is taken back:
 *
 *   φ_d += Σ_points P(n)/f·Σ_children (o_child − z_child − (o − z)·f_child)·H(child).
 *
 * No f that is divided by is less than t: with o = 0, where z·(1 − t) may be as small as it
 * likes, the quotient is the share itself and the node gives nothing. No branch depends on the row.
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

/* The lanes of every place, and whether x went there at every node of the same feature. */
struct frame {
    cr_lanes *down;   /* P */
    cr_lanes *factor; /* f of the step to the place */
    cr_lanes *up;     /* H */
    unsigned char *taken;
};

static size_t n_places(const struct cr_walk_tree *tree)
{
    return tree->n_inner + tree->n_leaves;
}

size_t cr_walk_scratch_len(const struct cr_walk_tree *tree)
{
    return (n_places(tree) + 1) * (3 * sizeof(cr_lanes) + sizeof(unsigned char));
}

static struct frame lay_out(const struct cr_walk_tree *tree, void *scratch)
{
    size_t n = n_places(tree) + 1;
    cr_lanes *lanes = scratch;

    return (struct frame){lanes, lanes + n, lanes + 2 * n, (unsigned char *)(lanes + 3 * n)};
}

void cr_walk_outcomes(const struct cr_walk_tree *tree, const double *row,
                      unsigned char *restrict outcomes)
{
    /* restrict: bytes may be any of what is read, and would make it be read again */
    for (size_t i = 0; i < tree->n_inner; i++) {
        outcomes[i] = row[tree->slots[i]] <= tree->thresholds[i];
    }
}

double cr_walk_value(const struct cr_walk_tree *tree, const unsigned char *outcomes)
{
    size_t place = 0;

    while (place < tree->n_nodes) {
        place = tree->nodes[place].child[outcomes[place] ^ 1];
    }
    return place < tree->n_inner ? tree->twigs[place - tree->n_nodes].value[outcomes[place] ^ 1]
                                 : tree->leaves[place - tree->n_inner];
}

/* What a walk reads, and where it writes. */
struct walk {
    const struct cr_walk_tree *tree;
    const unsigned char *outcomes;
    struct frame frame;
    cr_lanes *sums;
};

/* P, and f of every step. */
static INLINE void go_down(const struct walk *walk, const struct cr_walk_rule *rule)
{
    const struct cr_walk_tree *tree = walk->tree;
    const struct cr_walk_node *nodes = tree->nodes;
    const size_t n_nodes = tree->n_nodes; /* `taken` is of bytes, which may be any of these */
    const struct frame *frame = &walk->frame;
    const cr_lanes t[2] = {{0.0}, rule->point};
    const cr_lanes rest = rule->rest;
    const uint32_t nowhere = (uint32_t)n_places(tree);

    frame->down[0] = rule->weight;
    frame->taken[nowhere] = 1;
    for (size_t i = 0; i < n_nodes; i++) {
        const struct cr_walk_node *node = &nodes[i];
        const uint32_t left = node->child[0], right = node->child[1];
        const unsigned char o = frame->taken[node->above];
        const unsigned char goes_left = o & walk->outcomes[i];
        const unsigned char goes_right = o & (walk->outcomes[i] ^ 1);
        cr_lanes f_left = node->zero * node->share[0] * rest + t[goes_left];
        cr_lanes f_right = node->zero * node->share[1] * rest + t[goes_right];

        if (node->above != nowhere) { /* with o = 0 the quotient is the share */
            const double hit = (double)o, miss = 1.0 - hit;
            const cr_lanes f = node->zero * rest + hit * rule->point + miss;

            f_left = hit * (f_left / f) + miss * node->share[0];
            f_right = hit * (f_right / f) + miss * node->share[1];
        }
        frame->taken[left] = goes_left;
        frame->taken[right] = goes_right;
        frame->factor[left] = f_left;
        frame->factor[right] = f_right;
        frame->down[left] = frame->down[i] * f_left;
        frame->down[right] = frame->down[i] * f_right;
    }
}

/* The lowest places: what the twigs give, and H where going up begins. */
static INLINE void turn(const struct walk *walk, const struct cr_walk_rule *rule)
{
    const struct cr_walk_tree *tree = walk->tree;
    const struct frame *frame = &walk->frame;
    const cr_lanes none = {0.0};

    for (size_t i = tree->n_nodes; i < tree->n_inner; i++) {
        const struct cr_walk_twig *twig = &tree->twigs[i - tree->n_nodes];
        const unsigned char outcome = walk->outcomes[i];

        walk->sums[twig->feature] += twig->balance[outcome] * frame->down[i];
        frame->up[i] = twig->mean * rule->rest + twig->value[outcome ^ 1] * rule->point;
    }
    for (size_t i = 0; i < tree->n_leaves; i++) {
        frame->up[tree->n_inner + i] = tree->leaves[i] + none;
    }
}

/* H, and what each node gives its feature. */
static INLINE void go_up(const struct walk *walk, const struct cr_walk_rule *rule)
{
    const struct cr_walk_tree *tree = walk->tree;
    const struct frame *frame = &walk->frame;
    const uint32_t nowhere = (uint32_t)n_places(tree);

    for (size_t i = tree->n_nodes; i-- > 0;) {
        const struct cr_walk_node *node = &tree->nodes[i];
        const uint32_t left = node->child[0], right = node->child[1];
        const cr_lanes h_left = frame->up[left], h_right = frame->up[right];

        frame->up[i] = frame->factor[left] * h_left + frame->factor[right] * h_right;
        if (node->above == nowhere) { /* the shares add up to 1 */
            const double balance = (double)walk->outcomes[i] - node->share[0];

            walk->sums[node->feature] += balance * (frame->down[i] * (h_left - h_right));
        } else {
            /* o = 0 gives nothing: then all below cancels */
            const double o = (double)frame->taken[node->above];
            const double had = o - node->zero;
            const cr_lanes f = node->zero * rule->rest + o * rule->point + (1.0 - o);
            const double now_left = (double)frame->taken[left] - node->zero * node->share[0];
            const double now_right = (double)frame->taken[right] - node->zero * node->share[1];

            walk->sums[node->feature] += frame->down[i] / f *
                                         ((now_left - had * frame->factor[left]) * h_left +
                                          (now_right - had * frame->factor[right]) * h_right);
        }
    }
}

TWO_VERSIONS
void cr_walk_add(const struct cr_walk_tree *tree, const struct cr_walk_rules *rules,
                 const unsigned char *outcomes, void *scratch, cr_lanes *sums)
{
    const struct walk walk = {tree, outcomes, lay_out(tree, scratch), sums};

    if (tree->n_inner == 0) {
        return; /* a leaf alone depends on nothing */
    }
    for (size_t k = 0; k < tree->n_rules; k++) {
        const struct cr_walk_rule *rule = &rules->rules[tree->n_rules][k];

        go_down(&walk, rule);
        turn(&walk, rule);
        go_up(&walk, rule);
    }
}
