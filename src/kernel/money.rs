//! Money in minor units (cents) with its currency, and conversion by configured rates, in integers throughout.

use std::collections::BTreeMap;

use iso_currency::Currency as Iso;
use serde::{Deserialize, Serialize};

use crate::kernel::error::{Faults, Result};

/// An ISO 4217 currency code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency(Iso);

impl Currency {
    /// The US dollar, in which rates are configured.
    pub const USD: Self = Self(Iso::USD);

    /// The currency with the code `code`, such as `USD`.
    pub fn parse(code: &str) -> Option<Self> {
        Iso::from_code(code).map(Self)
    }

    /// The code, such as `USD`.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// How many decimal places the minor unit has: 2 for USD, 0 for JPY.
    pub fn exponent(self) -> u32 {
        self.0.exponent().map_or(2, u32::from)
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&code).ok_or_else(|| serde::de::Error::custom("must be an ISO 4217 currency code"))
    }
}

impl utoipa::PartialSchema for Currency {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::Custom("currency".to_owned())))
            .examples([serde_json::json!("USD")])
            .into()
    }
}
impl utoipa::ToSchema for Currency {}

/// An amount of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// In minor units: 8500 is 85.00 USD.
    #[schema(minimum = 0, maximum = 100_000_000, examples(8500))]
    pub amount: i64,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// `85.00 USD`, for mails and pages.
    pub fn display(self) -> String {
        let exponent = self.currency.exponent();
        let unit = 10_i64.pow(exponent.min(6));
        // A power of ten, by which everything can be divided.
        let whole = self.amount.checked_div(unit).unwrap_or_default();
        let rest = self.amount.checked_rem(unit).unwrap_or_default().abs();
        let code = self.currency.code();
        if exponent == 0 {
            return format!("{whole} {code}");
        }
        let width = usize::try_from(exponent).unwrap_or(2);
        format!("{whole}.{rest:0width$} {code}")
    }
}

/// What one unit of each currency is worth, in millionths of a US dollar.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rates(BTreeMap<Currency, i64>);

impl Rates {
    /// Rates from `(currency, millionths of a US dollar)`.
    pub fn new(rates: impl IntoIterator<Item = (Currency, i64)>) -> Self {
        Self(rates.into_iter().collect())
    }

    /// The amount in millionths of a US dollar; `None` for a currency without a rate.
    pub fn to_micro_dollars(&self, money: Money) -> Option<i128> {
        let rate = i128::from(*self.0.get(&money.currency)?);
        // Two factors of 64 bits: the product always has room in 128.
        i128::from(money.amount).checked_mul(rate)?.checked_div(10_i128.pow(money.currency.exponent()))
    }

    /// The highest amount of `currency` that is worth at most `budget`; `None` where one of the two has no rate.
    pub fn most_within(&self, currency: Currency, budget: Money) -> Option<i64> {
        let rate = i128::from(*self.0.get(&currency)?);
        let minor = 10_i128.pow(currency.exponent());
        // The largest amount whose worth, cut to whole millionths, is not above the budget's. Where this has no room in 128 bits,
        // the amount has none in 64.
        let most = self.to_micro_dollars(budget)?.saturating_add(1).saturating_mul(minor).saturating_sub(1).checked_div(rate)?;
        Some(i64::try_from(most).unwrap_or(i64::MAX))
    }

    /// Notes a fault when there is no rate for the currency of `money`.
    pub fn check(&self, money: Money, pointer: &str, faults: &mut Faults) {
        if !self.0.contains_key(&money.currency) {
            let known: Vec<&str> = self.0.keys().map(|currency| currency.code()).collect();
            faults.add(format!("{pointer}/currency"), format!("has no exchange rate here: use one of {}", known.join(", ")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minor_units_follow_the_currency() {
        let money = |amount, code| Money { amount, currency: Currency::parse(code).expect("a currency") };
        assert_eq!(money(8507, "USD").display(), "85.07 USD");
        assert_eq!(money(9000, "JPY").display(), "9000 JPY");
        let rates = Rates::new([(money(0, "USD").currency, 1_000_000), (money(0, "JPY").currency, 6_600)]);
        assert_eq!(rates.to_micro_dollars(money(8500, "USD")), Some(85_000_000));
        assert_eq!(rates.to_micro_dollars(money(9000, "JPY")), Some(59_400_000));
        assert_eq!(rates.to_micro_dollars(money(9000, "CHF")), None);
        for (amount, code) in [(8500, "USD"), (1, "USD"), (0, "JPY"), (9001, "JPY")] {
            let budget = money(amount, code);
            for other in ["USD", "JPY"] {
                let most = rates.most_within(money(0, other).currency, budget).expect("a rate");
                let worth = |amount| rates.to_micro_dollars(money(amount, other));
                assert!(worth(most) <= rates.to_micro_dollars(budget) && worth(most + 1) > rates.to_micro_dollars(budget), "{budget:?}");
            }
        }
        assert_eq!(rates.most_within(money(0, "CHF").currency, money(1, "USD")), None);
    }

    #[test]
    fn what_has_no_room_is_the_most_there_is() {
        let (usd, jpy) = (Currency::USD, Currency::parse("JPY").expect("a currency"));
        let rates = Rates::new([(usd, 1), (jpy, i64::MAX)]);
        let budget = Money { amount: i64::MAX, currency: jpy };
        assert_eq!(rates.to_micro_dollars(budget), Some(i128::from(i64::MAX).pow(2)));
        assert_eq!(rates.most_within(usd, budget), Some(i64::MAX));
        assert_eq!(rates.most_within(jpy, budget), Some(i64::MAX));
    }
}
