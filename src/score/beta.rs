//! What is believed of shares of passes: Beta posteriors, and the geometric mean of several, without random numbers.
//!
//! With the substitution p = sin² t the density of Beta(a, b) becomes sin^(2a−1) t · cos^(2b−1) t, which for the Jeffreys prior
//! (a, b ≥ ½) has no pole at either end: a plain sum over equal cells is enough, and no special function is needed.

use std::f64::consts::FRAC_PI_2;
use std::sync::LazyLock;

/// Cells of the sum over t in 0..π/2. A posterior of 40 observations is about 100 cells wide.
const CELLS: usize = 1024;

/// Points of the joint posterior.
pub(super) const POINTS: usize = 2039;

/// Steps of a rank-1 lattice in up to four dimensions: every dimension sees each of its [`POINTS`] quantiles once, in an order of its
/// own, so that they are independent of each other. `POINTS` is prime, so every step visits all of them.
const STEPS: [usize; 4] = [1, 572, 944, 1452];

/// Cells at the lower end in which a straight line would not follow ln sin t.
const BENT: usize = 48;

/// What is more than so many times less likely than the most likely cell is nothing, in natural logarithms.
const NOTHING: f64 = 37.0;

/// What every posterior needs of the cells.
struct Cells {
    /// ln sin t and ln cos t in the middle of each.
    middles: Vec<(f64, f64)>,
    /// ln sin² t at the edges; of the first one, which has none, that of the first middle.
    edges: Vec<f64>,
}

static CELL: LazyLock<Cells> = LazyLock::new(|| {
    let middle = |cell: usize| (cell as f64 + 0.5) * WIDTH;
    let mut edges: Vec<f64> = (0..=CELLS).map(|edge| 2.0 * (edge as f64 * WIDTH).sin().ln()).collect();
    edges[0] = 2.0 * middle(0).sin().ln();
    Cells { middles: (0..CELLS).map(middle).map(|t| (t.sin().ln(), t.cos().ln())).collect(), edges }
});

/// How wide a cell is.
const WIDTH: f64 = FRAC_PI_2 / CELLS as f64;

/// A Beta distribution as its quantiles at (i + ½) / [`POINTS`], ascending.
#[derive(Debug, Clone)]
pub(super) struct Beta {
    /// Natural logarithms of the quantiles.
    logarithms: Vec<f64>,
}

impl Beta {
    /// The distribution with these parameters, both at least ½.
    pub(super) fn new(alpha: f64, beta: f64) -> Self {
        let (of_sin, of_cos) = (2.0 * alpha - 1.0, 2.0 * beta - 1.0);
        let cells = &*CELL;
        let mut heights = [0.0; CELLS];
        let mut top = f64::MIN;
        for (height, (sin, cos)) in heights.iter_mut().zip(&cells.middles) {
            *height = of_sin * sin + of_cos * cos;
            top = top.max(*height);
        }
        let mut sums = [0.0; CELLS + 1];
        let mut sum = 0.0;
        for (cell, height) in heights.iter().enumerate() {
            if top - height < NOTHING {
                sum += (height - top).exp();
            }
            sums[cell + 1] = sum;
        }
        // Cell by cell, for the points in a cell lie on a straight line.
        let mut logarithms = Vec::with_capacity(POINTS);
        let share = sum / POINTS as f64;
        for cell in 0..CELLS {
            let (below, mass) = (sums[cell], sums[cell + 1] - sums[cell]);
            if mass <= 0.0 {
                continue;
            }
            // The first point above the cell; what rounding leaves over is in the last cell with anything in it.
            let end = ((sums[cell + 1] / share + 0.5) as usize).min(POINTS);
            // From a point to its place in the cell, 0 to 1: a straight line.
            let (step, from) = (share / mass, (0.5 * share - below) / mass);
            let first = logarithms.len();
            if cell < BENT {
                let exact = |point: usize| {
                    let within = (point as f64 * step + from).clamp(0.0, 1.0);
                    2.0 * ((cell as f64 + within) * WIDTH).sin().ln()
                };
                logarithms.extend((first..end).map(exact));
            } else {
                let (low, rise) = (cells.edges[cell], cells.edges[cell + 1] - cells.edges[cell]);
                let (low, rise) = (low + rise * from, rise * step);
                logarithms.extend((first..end).map(|point| low + rise * point as f64));
            }
        }
        let last = logarithms.last().copied().unwrap_or_default();
        logarithms.resize(POINTS, last);
        Self { logarithms }
    }

    /// The value that a share of `q` lies below.
    pub(super) fn quantile(&self, q: f64) -> f64 {
        let (below, above, part) = place(q, self.logarithms.len());
        let (below, above) = (self.logarithms[below], self.logarithms[above]);
        (below + (above - below) * part).exp()
    }
}

/// The weighted geometric mean of independent shares of passes.
#[derive(Debug, Clone)]
pub(super) struct GeometricMean {
    /// Natural logarithms, in no order.
    logarithms: Vec<f64>,
}

impl GeometricMean {
    /// Of these shares and weights; the weights need not sum to 1. There are at most four.
    pub(super) fn new(shares: &[(&Beta, f64)]) -> Self {
        let total: f64 = shares.iter().map(|(_, weight)| weight).sum();
        let mut logarithms = vec![0.0; POINTS];
        for ((share, weight), (dimension, step)) in shares.iter().zip(STEPS.iter().enumerate()) {
            let part = weight / total;
            let mut at = 37 * dimension % POINTS;
            for sum in &mut logarithms {
                *sum += part * share.logarithms[at];
                at += step;
                if at >= POINTS {
                    at -= POINTS;
                }
            }
        }
        Self { logarithms }
    }

    /// The value that a share of `q` lies below.
    pub(super) fn quantile(&mut self, q: f64) -> f64 {
        let (_, above, part) = place(q, self.logarithms.len());
        // Two points decide, so the others need not be sorted.
        let (lower, above, _) = self.logarithms.select_nth_unstable_by(above, f64::total_cmp);
        let below = lower.iter().copied().max_by(f64::total_cmp).unwrap_or(*above);
        let part = if lower.is_empty() { 1.0 } else { part };
        (below + (*above - below) * part).exp()
    }
}

/// Between which two of `count` sorted points the quantile lies, each in the middle of its share, and how far from the first to the second.
fn place(q: f64, count: usize) -> (usize, usize, f64) {
    let place = (q * count as f64 - 0.5).clamp(0.0, (count - 1) as f64);
    let below = place.floor() as usize;
    let above = (below + 1).min(count - 1);
    (below, above, place - below as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_closed_forms() {
        for q in [0.05, 0.25, 0.5, 0.75, 0.95] {
            // Beta(½, ½) is the arcsine distribution, Beta(1, 1) is uniform, Beta(n, 1) has the distribution function xⁿ.
            let arcsine = (FRAC_PI_2 * q).sin().powi(2);
            for (alpha, beta, expected) in [
                (0.5, 0.5, arcsine),
                (1.0, 1.0, q),
                (12.0, 1.0, q.powf(1.0 / 12.0)),
                (1.0, 40.0, 1.0 - (1.0 - q).powf(1.0 / 40.0)),
            ] {
                let found = Beta::new(alpha, beta).quantile(q);
                assert!((found - expected).abs() < 1e-4, "Beta({alpha}, {beta}) at {q}: {found}, not {expected}");
            }
        }
    }

    #[test]
    fn the_geometric_mean_of_uniform_shares_has_its_known_distribution() {
        // −ln of a uniform is exponential, so the sum of k of them is Gamma(k): P(product of four > x) in closed form.
        for dimensions in [1_usize, 2, 4] {
            let uniform = Beta::new(1.0, 1.0);
            let shares: Vec<(&Beta, f64)> = (0..dimensions).map(|_| (&uniform, 0.3)).collect();
            let mut mean = GeometricMean::new(&shares);
            for q in [0.05, 0.5, 0.95] {
                let sum = -(dimensions as f64) * mean.quantile(q).ln();
                let mut term = 1.0;
                let mut above = 0.0;
                for k in 0..dimensions {
                    above += term;
                    term *= sum / (k + 1) as f64;
                }
                let below = above * (-sum).exp();
                assert!((below - q).abs() < 0.006, "{dimensions} dimensions at {q}: {below}");
            }
        }
    }
}
