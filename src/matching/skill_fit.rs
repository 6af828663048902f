//! How a developer has an asked skill: by itself or by a substitute, at which level, and how well it is shown.

use chrono::NaiveDate;

use crate::kernel::craft::SkillLevel;
use crate::matching::domain::AskedSkill;
use crate::matching::domain::Candidate;
use crate::matching::domain::VerifiedSkill;
use crate::matching::ratio::Ratio;
use crate::matching::rules::Question;

/// What a skill that is only claimed counts as evidence, in hundredths.
pub const CLAIMED_EVIDENCE: u32 = 30;
/// What a skill itself is worth, in hundredths; its substitutes are worth less.
const ITSELF: u32 = 100;

/// Years in tenths, to the nearest: finer than that nobody counts. What is no number of years is none.
pub fn tenths(years: f64) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a century; NaN becomes 0")]
    let tenths = (years * 10.0).round().clamp(0.0, 1000.0) as u32;
    tenths
}

/// A skill as a developer has it on a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Held {
    /// The verified level, else the claimed one.
    pub level: SkillLevel,
    /// Stated years; 0 where none are stated.
    pub years: f64,
    /// What vetting found, if that still counts.
    pub verified: Option<VerifiedSkill>,
}

impl Held {
    /// How `candidate` has the skill `slug` on `today`. A verification that has expired counts no more, not even to
    /// lower the claim.
    pub fn of(candidate: &Candidate, slug: &str, today: NaiveDate) -> Option<Self> {
        let verified = candidate.verified.get(slug).copied().filter(|verified| today <= verified.expires_at.date());
        let claimed = candidate.skills.get(slug);
        let level = verified.map(|verified| verified.level).or(claimed.map(|claimed| claimed.level))?;
        Some(Self { level, years: claimed.map_or(0.0, |claimed| claimed.years), verified })
    }

    /// Verified 1, falling day by day to 0.5 on the day of expiry; claimed only 0.3.
    pub fn evidence(&self, today: NaiveDate) -> Ratio {
        let Some(verified) = self.verified else { return Ratio::new(CLAIMED_EVIDENCE, 100) };
        let verified_on = verified.verified_at.date();
        let valid_days = (verified.expires_at.date() - verified_on).num_days().max(1);
        let age = (today - verified_on).num_days().clamp(0, valid_days);
        Ratio::ONE.minus(Ratio::new(age, 2 * valid_days)).in_millionths()
    }
}

/// The best that a developer has for an asked skill.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit<'a> {
    /// The substitute's slug; `None` where it is the skill itself.
    pub via: Option<&'a str>,
    /// How it is had.
    pub held: Held,
    /// Whether level and years are as asked.
    pub meets: bool,
    /// What it is worth when it meets, in hundredths.
    worth: u32,
    asked: SkillLevel,
}

impl<'a> Fit<'a> {
    /// The best of the skill itself and, where `asked` allows, its substitutes; `None` where the developer has neither.
    /// For a must whatever meets it goes before whatever does not; then the larger share; then the skill itself; then the
    /// order of the substitutes.
    pub fn best(question: &Question<'a>, candidate: &Candidate, asked: &'a AskedSkill) -> Option<Self> {
        let substitutes = question.rules.substitutes.of(&asked.slug).iter().filter(|_| asked.allow_adjacent);
        let substitutes = substitutes.map(|substitute| (Some(substitute.slug.as_str()), substitute.weight.min(ITSELF)));
        let offers = std::iter::once((None, ITSELF)).chain(substitutes);
        let fits = offers.filter_map(|(via, worth)| {
            let held = Held::of(candidate, via.unwrap_or(&asked.slug), question.today)?;
            let meets = held.level >= asked.min_level && asked.min_years.is_none_or(|years| tenths(held.years) >= tenths(years));
            Some(Self { via, held, meets, worth, asked: asked.min_level })
        });
        let rank = |fit: &Self| (asked.must && fit.meets, fit.levels() * fit.worth);
        fits.reduce(|best, next| if rank(&next) > rank(&best) { next } else { best })
    }

    /// What it counts for a must: its worth if it meets, else nothing. More than is asked counts no more.
    pub fn must_share(&self) -> Ratio {
        if self.meets { Ratio::new(self.worth, ITSELF) } else { Ratio::ZERO }
    }

    /// What it counts for a nice-to-have: the part of the asked level that is there, by its worth.
    pub fn nice_share(&self) -> Ratio {
        Ratio::new(self.levels() * self.worth, u32::from(self.asked.number()) * ITSELF)
    }

    /// The levels that are there of the asked ones.
    fn levels(&self) -> u32 {
        u32::from(self.held.level.min(self.asked).number())
    }

    /// `grpc: asked 3, has 2`, if something asked is not there as asked; `fit` of `None` is a skill that is not there at all.
    pub fn shortfall(asked: &AskedSkill, fit: Option<&Self>) -> Option<String> {
        let (slug, level) = (&asked.slug, asked.min_level);
        let Some(fit) = fit else { return Some(format!("{slug}: asked {level}, has none")) };
        let Held { level: has, years, .. } = fit.held;
        match (fit.via, asked.min_years) {
            (Some(via), _) => Some(format!("{slug}: asked {level}, has {via} {has} instead")),
            (None, _) if has < level => Some(format!("{slug}: asked {level}, has {has}")),
            (None, Some(least)) if tenths(years) < tenths(least) => Some(format!("{slug}: asked {least} years, has {years}")),
            (None, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::sample;

    #[test]
    fn a_verified_level_replaces_the_claim_until_it_expires() {
        let candidate = sample::candidate(1).claims("go", 5, 8.0).verified("go", 3, "2026-01-01", "2026-12-31");
        let level = |today: &str| Held::of(&candidate, "go", sample::date(today)).unwrap().level.number();
        assert_eq!((level("2026-06-01"), level("2026-12-31"), level("2027-01-01")), (3, 3, 5));
        assert_eq!(Held::of(&candidate, "rust", sample::date("2026-06-01")), None);
    }

    #[test]
    fn evidence_falls_to_half_at_expiry() {
        let candidate = sample::candidate(1).verified("go", 4, "2026-01-01", "2026-04-11").claims("grpc", 3, 1.0);
        let evidence = |slug, today: &str| Held::of(&candidate, slug, sample::date(today)).unwrap().evidence(sample::date(today));
        assert_eq!(evidence("go", "2026-01-01"), Ratio::ONE);
        assert_eq!(evidence("go", "2026-01-21"), Ratio::new(9, 10), "20 of 100 days");
        assert_eq!(evidence("go", "2026-04-11"), Ratio::new(1, 2));
        assert_eq!(evidence("grpc", "2026-01-01"), Ratio::new(3, 10));
    }

    #[test]
    fn substitutes_serve_only_where_allowed_and_by_their_worth() {
        let rules = sample::rules();
        let candidate = sample::candidate(1).claims("mysql", 5, 6.0).claims("mariadb", 5, 6.0).claims("postgresql", 2, 1.0);
        let fit = |asked: AskedSkill| {
            let request = sample::request().asks(asked);
            let question = Question::new(&request, &rules, sample::today());
            let fit = Fit::best(&question, &candidate, &request.skills[0]).unwrap();
            let shortfall = Fit::shortfall(&request.skills[0], Some(&fit));
            (fit.via.map(str::to_owned), fit.meets, fit.must_share(), fit.nice_share(), shortfall)
        };
        let (via, meets, share, _, shortfall) = fit(sample::must("postgresql", 4).adjacent());
        assert_eq!((via.as_deref(), meets, share), (Some("mysql"), true, Ratio::new(7, 10)));
        assert_eq!(shortfall.as_deref(), Some("postgresql: asked 4, has mysql 5 instead"));
        let (via, meets, share, ..) = fit(sample::must("postgresql", 4));
        assert_eq!((via, meets, share), (None, false, Ratio::ZERO));
        let (via, .., share, _) = fit(sample::nice("postgresql", 4).adjacent());
        assert_eq!((via.as_deref(), share), (Some("mysql"), Ratio::new(7, 10)), "0.7 of 4 levels beats 2 of 4");
        let (via, .., share, shortfall) = fit(sample::nice("postgresql", 2).adjacent());
        assert_eq!((via, share, shortfall), (None, Ratio::ONE, None));
        let years = AskedSkill { min_years: Some(3.0), ..sample::must("postgresql", 2) };
        assert_eq!(fit(years).4.as_deref(), Some("postgresql: asked 3 years, has 1"));
    }
}
