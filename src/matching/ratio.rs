//! Exact shares and points. Scores are computed in fractions of integers and rounded once per factor, so that every node
//! gives the same result to the last digit whatever its floating-point unit, compiler or order of evaluation.

use serde::{Serialize, Serializer};

/// An exact fraction, always in lowest terms with a positive denominator.
///
/// Denominators stay small (products of a few counts, levels, minutes and millionths), far inside `i128`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ratio {
    numerator: i128,
    denominator: i128,
}

impl Ratio {
    /// Nothing.
    pub const ZERO: Self = Self { numerator: 0, denominator: 1 };
    /// All of it.
    pub const ONE: Self = Self { numerator: 1, denominator: 1 };

    /// `numerator / denominator`; a denominator of zero, which no rule divides by, gives zero.
    pub fn new(numerator: impl Into<i128>, denominator: impl Into<i128>) -> Self {
        let (numerator, denominator) = (numerator.into(), denominator.into());
        if denominator == 0 {
            return Self::ZERO;
        }
        let divisor = greatest_common_divisor(numerator, denominator) * denominator.signum();
        if divisor == 1 {
            return Self { numerator, denominator };
        }
        Self { numerator: divided(numerator, divisor), denominator: divided(denominator, divisor) }
    }

    /// All of it or nothing.
    pub fn whole_if(condition: bool) -> Self {
        if condition { Self::ONE } else { Self::ZERO }
    }

    /// The mean; `None` of nothing.
    pub fn mean(shares: impl IntoIterator<Item = Self>) -> Option<Self> {
        Self::weighted_mean(shares.into_iter().map(|share| (1, share)))
    }

    /// The mean of shares with a weight each; `None` when the weights sum to nothing.
    pub fn weighted_mean(shares: impl IntoIterator<Item = (u32, Self)>) -> Option<Self> {
        let (weights, sum) = shares.into_iter().fold((0_i128, Self::ZERO), |(weights, sum), (weight, share)| {
            (weights + i128::from(weight), sum.plus(Self::new(weight, 1).times(share)))
        });
        (weights > 0).then(|| sum.times(Self::new(1, weights)))
    }

    /// The sum.
    pub fn plus(self, other: Self) -> Self {
        if self.denominator == other.denominator {
            return Self::new(self.numerator + other.numerator, self.denominator);
        }
        let divisor = greatest_common_divisor(self.denominator, other.denominator);
        let (left, right) = (divided(other.denominator, divisor), divided(self.denominator, divisor));
        Self::new(self.numerator * left + other.numerator * right, self.denominator * left)
    }

    /// The difference.
    pub fn minus(self, other: Self) -> Self {
        self.plus(Self { numerator: -other.numerator, ..other })
    }

    /// The product.
    pub fn times(self, other: Self) -> Self {
        Self::new(self.numerator * other.numerator, self.denominator * other.denominator)
    }

    /// This share cut to millionths, rounded half-up: for shares with denominators of their own (days of validity), so
    /// that a sum of many stays small.
    pub fn in_millionths(self) -> Self {
        Self::new(self.rounded(1_000_000), 1_000_000)
    }

    /// This share of `max` points, rounded half-up to hundredths.
    pub fn of(self, max: u32) -> Points {
        Points(u32::try_from(self.rounded(i128::from(max) * 100)).unwrap_or_default())
    }

    /// For showing only; nothing is computed from it.
    pub fn to_f64(self) -> f64 {
        f64::from(i32::try_from(self.rounded(10_000)).unwrap_or_default()) / 10_000.0
    }

    /// This share of `whole`, rounded half-up.
    fn rounded(self, whole: i128) -> i128 {
        let (doubled, by) = (2 * self.numerator * whole + self.denominator, 2 * self.denominator);
        match (i64::try_from(doubled), i64::try_from(by)) {
            (Ok(doubled), Ok(by)) => doubled.div_euclid(by).into(),
            _ => doubled.div_euclid(by),
        }
    }
}

/// `number / by`. Dividing 128 bits takes many times as long as dividing 64, and nearly all numbers here have fewer.
fn divided(number: i128, by: i128) -> i128 {
    match (i64::try_from(number), i64::try_from(by)) {
        (Ok(number), Ok(by)) if by > 0 => (number / by).into(),
        _ => number / by,
    }
}

/// Euclid's; at least 1.
fn greatest_common_divisor(left: i128, right: i128) -> i128 {
    let (mut left, mut right) = (left.unsigned_abs(), right.unsigned_abs());
    while right != 0 {
        if let (Ok(left), Ok(right)) = (u64::try_from(left), u64::try_from(right)) {
            return small_divisor(left, right).into();
        }
        (left, right) = (right, left % right);
    }
    i128::try_from(left.max(1)).unwrap_or(1)
}

fn small_divisor(mut left: u64, mut right: u64) -> u64 {
    while right != 0 {
        (left, right) = (right, left % right);
    }
    left.max(1)
}

/// Points of a score, kept in hundredths; in JSON a number with at most two decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Points(u32);

impl Points {
    /// Points from hundredths.
    pub const fn from_hundredths(hundredths: u32) -> Self {
        Self(hundredths)
    }

    /// The hundredths.
    pub const fn hundredths(self) -> u32 {
        self.0
    }
}

impl std::iter::Sum for Points {
    fn sum<I: Iterator<Item = Self>>(points: I) -> Self {
        Self(points.map(|each| each.0).sum())
    }
}

impl Serialize for Points {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // The double nearest to n/100 prints as the shortest decimal that reads back as it: n/100 itself.
        serializer.serialize_f64(f64::from(self.0) / 100.0)
    }
}

impl utoipa::PartialSchema for Points {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        ObjectBuilder::new()
            .schema_type(Type::Number)
            .minimum(Some(0.0))
            .maximum(Some(100.0))
            .description(Some("points, with at most two decimals"))
            .examples([serde_json::json!(85.25)])
            .into()
    }
}
impl utoipa::ToSchema for Points {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_half_up_and_exact() {
        assert_eq!(Ratio::new(5, 24).of(15).hundredths(), 313, "312.5 exactly, which millionths would miss");
        assert_eq!(Ratio::new(2, 3).of(10).hundredths(), 667);
        assert_eq!(Ratio::new(1, 3).of(10).hundredths(), 333);
        assert_eq!(Ratio::ONE.of(25).hundredths(), 2500);
        assert_eq!(Ratio::new(1, 0), Ratio::ZERO);
    }

    #[test]
    fn arithmetic() {
        let third = Ratio::new(1, 3);
        assert_eq!(third.plus(Ratio::new(1, 6)), Ratio::new(1, 2));
        assert_eq!(Ratio::ONE.minus(third), Ratio::new(2, 3));
        assert_eq!(Ratio::mean([third, Ratio::ONE]), Some(Ratio::new(2, 3)));
        assert_eq!(Ratio::weighted_mean([(3, Ratio::ONE), (1, Ratio::ZERO)]), Some(Ratio::new(3, 4)));
        assert_eq!(Ratio::mean([]), None);
        assert_eq!(Ratio::new(1, 3).in_millionths(), Ratio::new(333_333, 1_000_000));
    }

    #[test]
    fn large_numbers_are_as_exact_as_small_ones() {
        let large = i128::from(i64::MAX) * 6;
        assert_eq!(Ratio::new(large, large / 2), Ratio::new(2, 1));
        assert_eq!(Ratio::new(large, -3 * large), Ratio::new(-1, 3));
        assert_eq!(Ratio::new(large / 6, large).plus(Ratio::new(1, 3)), Ratio::new(1, 2));
        assert_eq!(Ratio::new(5 * large, 24 * large).of(15).hundredths(), 313);
        assert_eq!(Ratio::new(i64::MIN, i64::MIN), Ratio::ONE);
    }

    #[test]
    fn every_number_of_points_prints_with_two_decimals_at_most() {
        for hundredths in 0..=10_000 {
            let text = serde_json::to_string(&Points::from_hundredths(hundredths)).unwrap();
            assert!(text.split_once('.').is_some_and(|(_, decimals)| decimals.len() <= 2), "{text}");
        }
        assert_eq!(serde_json::to_string(&Points::from_hundredths(8725)).unwrap(), "87.25");
    }
}
