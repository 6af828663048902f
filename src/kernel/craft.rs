//! The words in which a developer's craft is stated and asked for: seniority, skill levels, lengths of an engagement.

use serde::{Deserialize, Serialize};

use crate::words;

words! {
    /// How senior somebody is, in growing order.
    pub enum Seniority {
        /// Works under guidance.
        Junior => "junior",
        /// Works on their own.
        Middle => "middle",
        /// Leads a piece of work.
        Senior => "senior",
        /// Leads across teams.
        Staff => "staff",
        /// Leads across the company.
        Principal => "principal",
    }
}

words! {
    /// How long an engagement is.
    pub enum EngagementLength {
        /// Up to 12 weeks.
        Short => "short",
        /// From 13 to 26 weeks.
        Medium => "medium",
        /// More than 26 weeks.
        Long => "long",
    }
}

impl EngagementLength {
    /// The length that `weeks` weeks are.
    pub fn of(weeks: u32) -> Self {
        match weeks {
            0..=12 => Self::Short,
            13..=26 => Self::Medium,
            _ => Self::Long,
        }
    }
}

/// How well somebody knows a skill: 1 aware, 2 working, 3 proficient, 4 expert, 5 authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct SkillLevel(u8);

impl SkillLevel {
    /// The lowest level.
    pub const MIN: Self = Self(1);
    /// The highest level.
    pub const MAX: Self = Self(5);

    /// The level with this number, 1 to 5.
    pub fn new(number: u8) -> Option<Self> {
        (Self::MIN.0..=Self::MAX.0).contains(&number).then_some(Self(number))
    }

    /// The number, 1 to 5.
    pub fn number(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for SkillLevel {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        Self::new(number).ok_or("must be a level from 1 to 5")
    }
}

impl From<SkillLevel> for u8 {
    fn from(level: SkillLevel) -> Self {
        level.0
    }
}

impl std::fmt::Display for SkillLevel {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.0)
    }
}

impl utoipa::PartialSchema for SkillLevel {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(f64::from(Self::MIN.0)))
            .maximum(Some(f64::from(Self::MAX.0)))
            .description(Some("1 aware, 2 working, 3 proficient, 4 expert, 5 authority"))
            .examples([serde_json::json!(3)])
            .into()
    }
}
impl utoipa::ToSchema for SkillLevel {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_one_to_five() {
        assert_eq!(serde_json::from_str::<SkillLevel>("5").unwrap(), SkillLevel::MAX);
        assert_eq!(serde_json::to_string(&SkillLevel::MIN).unwrap(), "1");
        for wrong in ["0", "6", "2.5", "\"3\""] {
            assert!(serde_json::from_str::<SkillLevel>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn lengths_have_their_weeks() {
        let words: Vec<_> = [1, 12, 13, 26, 27].map(EngagementLength::of).into();
        use EngagementLength::{Long, Medium, Short};
        assert_eq!(words, [Short, Short, Medium, Medium, Long]);
        assert!(Seniority::Junior < Seniority::Principal);
    }
}
