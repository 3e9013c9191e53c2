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

/// ln sin t and ln cos t in the middle of each cell.
static LOGARITHMS: LazyLock<Vec<(f64, f64)>> = LazyLock::new(|| {
    let width = FRAC_PI_2 / CELLS as f64;
    (0..CELLS).map(|cell| (cell as f64 + 0.5) * width).map(|t| (t.sin().ln(), t.cos().ln())).collect()
});

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
        let heights: Vec<f64> = LOGARITHMS.iter().map(|(sin, cos)| of_sin * sin + of_cos * cos).collect();
        let top = heights.iter().copied().fold(f64::MIN, f64::max);
        let mut sums = Vec::with_capacity(CELLS + 1);
        let mut sum = 0.0;
        sums.push(sum);
        for height in heights {
            sum += (height - top).exp();
            sums.push(sum);
        }
        let mut cell = 0;
        let quantile = |point: usize| {
            let wanted = (point as f64 + 0.5) / POINTS as f64 * sum;
            while cell + 1 < CELLS && sums[cell + 1] < wanted {
                cell += 1;
            }
            let within = (wanted - sums[cell]) / (sums[cell + 1] - sums[cell]);
            let t = (cell as f64 + within) * (FRAC_PI_2 / CELLS as f64);
            2.0 * t.sin().ln()
        };
        Self { logarithms: (0..POINTS).map(quantile).collect() }
    }

    /// The value that a share of `q` lies below.
    pub(super) fn quantile(&self, q: f64) -> f64 {
        at(&self.logarithms, q).exp()
    }
}

/// The weighted geometric mean of independent shares of passes.
#[derive(Debug, Clone)]
pub(super) struct GeometricMean {
    /// Natural logarithms, ascending.
    logarithms: Vec<f64>,
}

impl GeometricMean {
    /// Of these shares and weights; the weights need not sum to 1. There are at most four.
    pub(super) fn new(shares: &[(Beta, f64)]) -> Self {
        let total: f64 = shares.iter().map(|(_, weight)| weight).sum();
        let point = |point: usize| -> f64 {
            let of = |((share, weight), (dimension, step)): (&(Beta, f64), (usize, &usize))| {
                weight / total * share.logarithms[(point * step + 37 * dimension) % POINTS]
            };
            shares.iter().zip(STEPS.iter().enumerate()).map(of).sum()
        };
        let mut logarithms: Vec<f64> = (0..POINTS).map(point).collect();
        logarithms.sort_unstable_by(f64::total_cmp);
        Self { logarithms }
    }

    /// The value that a share of `q` lies below.
    pub(super) fn quantile(&self, q: f64) -> f64 {
        at(&self.logarithms, q).exp()
    }
}

/// The quantile of sorted points, each in the middle of its share, with a straight line between two.
fn at(sorted: &[f64], q: f64) -> f64 {
    let place = (q * sorted.len() as f64 - 0.5).clamp(0.0, (sorted.len() - 1) as f64);
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * (place - below as f64)
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
            let shares: Vec<(Beta, f64)> = (0..dimensions).map(|_| (Beta::new(1.0, 1.0), 0.3)).collect();
            let mean = GeometricMean::new(&shares);
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
