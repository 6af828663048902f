//! Reads a JSON Resume 1.0 in the words of a profile. Takes what can be understood, and says of everything else where it stands: what
//! was read as something else, what was not understood, and what a profile has no place for. Pure.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde_json::{Map, Value, json};

use crate::developers::profile::{ClaimedSkill, Profile};
use crate::developers::resume::LEVELS;
use crate::developers::resume_words::WhichDay::{First, Last};
use crate::developers::resume_words::{
    FoundSkill, Mapping, Reading, ResumeField, STILL, WhichDay, day, host, language, level, merge, one_line,
};
use crate::kernel::craft::SkillLevel;
use crate::kernel::error::{Fault, Result};
use crate::kernel::schema;
use crate::kernel::words::Word as _;
use crate::skills::domain::Catalogue;

/// Of each list, so many entries are looked at.
const LOOKED_AT: usize = 100;
/// So many skills are looked for in the catalogue.
const SKILLS_SOUGHT: usize = 300;
/// To so many unknown ones a similar one is suggested, which takes a walk through the catalogue.
const SUGGESTED: usize = 10;
/// The longest summary of an engagement, in characters.
const STORY: usize = 1000;
/// A text of a profile, where a résumé has it, and how it is written here.
type Text = (ResumeField, &'static str, fn(&str) -> String);
const TEXTS: [Text; 3] = [
    (ResumeField::Headline, "/basics/label", one_line),
    (ResumeField::Summary, "/basics/summary", str::to_owned),
    (ResumeField::Country, "/basics/location/countryCode", str::to_uppercase),
];

/// Reads `resume`, whose skills `catalogue` knows.
///
/// # Errors
/// None for a résumé; a reading that is no profile would be our fault.
pub fn read(resume: &Value, catalogue: &Catalogue) -> Result<Reading> {
    let used = ["/$schema", "/meta"].map(str::to_owned).into();
    let mut reader = Reader { resume, catalogue, used, said: Map::new(), mapped: vec![], faults: vec![], gaps: vec![] };
    reader.texts();
    reader.languages();
    reader.skills();
    reader.work();
    reader.links();
    let mut left_out = Vec::new();
    reader.unused(resume, &mut String::new(), &mut left_out);
    let Reader { said, mapped, faults: not_understood, gaps: to_complete, .. } = reader;
    let fields = ResumeField::ALL.iter().copied().filter(|field| said.contains_key(field.as_str())).collect();
    let profile = schema::read(Value::Object(said))?;
    Ok(Reading { said: fields, profile, mapped, not_understood, left_out, to_complete })
}

struct Reader<'a> {
    resume: &'a Value,
    catalogue: &'a Catalogue,
    /// The places that were looked at.
    used: BTreeSet<String>,
    said: Map<String, Value>,
    mapped: Vec<Mapping>,
    faults: Vec<Fault>,
    gaps: Vec<Fault>,
}

impl<'a> Reader<'a> {
    fn fault(&mut self, pointer: &str, detail: impl Into<String>) {
        self.faults.push(Fault::new(pointer, detail));
    }

    fn map(&mut self, pointer: &str, text: &str, read_as: &str) {
        if text != read_as {
            self.mapped.push(Mapping { pointer: pointer.to_owned(), text: text.to_owned(), read_as: read_as.to_owned() });
        }
    }

    /// What stands at `pointer`, which counts as looked at.
    fn value(&mut self, pointer: &str) -> Option<&'a Value> {
        let value = self.resume.pointer(pointer).filter(|value| !value.is_null())?;
        self.used.insert(pointer.to_owned());
        Some(value)
    }

    /// The text at `pointer`; none where it is blank, or no text.
    fn text(&mut self, pointer: &str) -> Option<String> {
        match self.value(pointer)? {
            Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
            _ => {
                self.fault(pointer, "must be a text");
                None
            }
        }
    }

    /// Where the entries of the list at `pointer` stand.
    fn entries(&mut self, pointer: &str) -> Vec<String> {
        let count = match self.resume.pointer(pointer) {
            Some(Value::Array(list)) => list.len(),
            None | Some(Value::Null) => 0,
            Some(_) => {
                self.used.insert(pointer.to_owned());
                self.fault(pointer, "must be a list");
                0
            }
        };
        if count > LOOKED_AT {
            self.fault(&format!("{pointer}/{LOOKED_AT}"), format!("comes after the first {LOOKED_AT}, which are read"));
        }
        (0..count.min(LOOKED_AT)).map(|index| format!("{pointer}/{index}")).collect()
    }

    /// The text of a member of the entry at `pointer`, or the entry itself where that is a text; with its place.
    fn named(&mut self, pointer: &str, member: &str) -> Option<(String, String)> {
        let bare = self.resume.pointer(pointer).is_some_and(Value::is_string);
        let place = if bare { pointer.to_owned() } else { format!("{pointer}/{member}") };
        let text = self.text(&place)?;
        Some((place, text))
    }

    /// Whether a profile takes `value` as its `field`; if not, the faults are noted at the places that the members came from.
    fn fits(&mut self, field: ResumeField, value: &Value, places: &[(&str, &str)]) -> bool {
        let faults = schema::check::<Profile>(&json!({ field.as_str(): value })).err().map(|error| error.faults).unwrap_or_default();
        for fault in &faults {
            let place = places.iter().find(|(member, _)| fault.pointer.ends_with(member)).or(places.first());
            self.fault(place.map_or(fault.pointer.as_str(), |(_, place)| place), &fault.detail);
        }
        faults.is_empty()
    }

    /// Whether a list of `field` with so many entries takes another one.
    fn has_room(&mut self, field: ResumeField, count: usize, pointer: &str) -> bool {
        if count >= field.most() {
            self.fault(pointer, format!("is one more than the {} that a profile takes", field.most()));
        }
        count < field.most()
    }

    fn say(&mut self, field: ResumeField, list: Vec<Value>) {
        if !list.is_empty() {
            self.said.insert(field.as_str().to_owned(), Value::Array(list));
        }
    }

    fn texts(&mut self) {
        for (field, pointer, write) in TEXTS {
            let Some(text) = self.text(pointer) else { continue };
            let written = write(&text);
            if self.fits(field, &json!(written), &[("", pointer)]) {
                self.map(pointer, &text, &written);
                self.said.insert(field.as_str().to_owned(), json!(written));
            }
        }
    }

    fn languages(&mut self) {
        let mut tags: Vec<String> = Vec::new();
        for entry in self.entries("/languages") {
            let Some((pointer, text)) = self.named(&entry, "language") else { continue };
            let Some(tag) = language(&text) else {
                self.fault(&pointer, "is not a language that we know: write its English name, or a BCP 47 tag such as en or pt-BR");
                continue;
            };
            self.map(&pointer, &text, &tag);
            let again = tags.iter().any(|known| known.eq_ignore_ascii_case(&tag));
            if !again && self.has_room(ResumeField::Languages, tags.len(), &pointer) {
                tags.push(tag);
            }
        }
        self.say(ResumeField::Languages, tags.into_iter().map(Value::String).collect());
    }

    fn skills(&mut self) {
        let mut found: Vec<FoundSkill> = Vec::new();
        let mut sought = 0;
        for entry in self.entries("/skills") {
            let (level, years) = (self.level(&format!("{entry}/level")), self.years(&format!("{entry}/years")));
            for (pointer, text) in self.skill_names(&entry) {
                sought += 1;
                if sought > SKILLS_SOUGHT {
                    return self.fault(&pointer, format!("comes after the first {SKILLS_SOUGHT} skills, which are read"));
                }
                if let Some(slug) = self.slug(&pointer, &text) {
                    merge(&mut found, FoundSkill { pointer, slug, level, years });
                }
            }
        }
        self.say_skills(found);
    }

    /// A skill's name and its keywords. A name that is none of a skill but has keywords is their heading.
    fn skill_names(&mut self, entry: &str) -> Vec<(String, String)> {
        let name = self.named(entry, "name");
        let keywords = self.entries(&format!("{entry}/keywords"));
        let keywords: Vec<(String, String)> =
            keywords.into_iter().filter_map(|pointer| self.text(&pointer).map(|text| (pointer, text))).collect();
        let is_heading = |text: &str| !keywords.is_empty() && self.catalogue.resolve(text).is_none();
        name.filter(|(_, text)| !is_heading(text)).into_iter().chain(keywords.clone()).collect()
    }

    fn slug(&mut self, pointer: &str, text: &str) -> Option<String> {
        if let Some(slug) = self.catalogue.resolve(text) {
            self.map(pointer, text, slug.as_str());
            return Some(slug.to_string());
        }
        let suggested = self.faults.iter().filter(|fault| fault.pointer.starts_with("/skills/")).count();
        let detail = if suggested < SUGGESTED { self.catalogue.unknown(text) } else { "is not a skill of the catalogue".to_owned() };
        self.fault(pointer, detail);
        None
    }

    /// A number from 1 to 5, or a word for one.
    fn level(&mut self, pointer: &str) -> Option<SkillLevel> {
        let text = match self.value(pointer)? {
            Value::String(text) if text.trim().is_empty() => return None,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let level = level(&text);
        match level {
            Some(level) => self.map(pointer, &text, &level.number().to_string()),
            None => self.fault(pointer, format!("is no level that we know: write a number from 1 to 5, or one of {}", LEVELS.join(", "))),
        }
        level
    }

    fn years(&mut self, pointer: &str) -> Option<f64> {
        let years = self.value(pointer)?.as_f64().filter(|years| (0.0..=60.0).contains(years));
        if years.is_none() {
            self.fault(pointer, "must be a number from 0 to 60");
        }
        years
    }

    /// The best first, as profiles list them.
    fn say_skills(&mut self, mut found: Vec<FoundSkill>) {
        let stated = |skill: &FoundSkill| skill.level.or(SkillLevel::new(2)).unwrap_or(SkillLevel::MIN);
        found.sort_by(|left, right| stated(right).cmp(&stated(left)).then_with(|| left.slug.cmp(&right.slug)));
        let mut skills = Vec::new();
        for skill in found {
            if !self.has_room(ResumeField::Skills, skills.len(), &skill.pointer) {
                continue;
            }
            let place = format!("/skills/{}", skills.len());
            if skill.level.is_none() {
                self.gaps.push(Fault::new(format!("{place}/level"), "is not told: it stands at 2, which is working knowledge"));
            }
            if skill.years.is_none() {
                self.gaps.push(Fault::new(format!("{place}/years"), "are not told: they stand at 0"));
            }
            skills.push(json!(ClaimedSkill { level: stated(&skill), years: skill.years.unwrap_or_default(), slug: skill.slug }));
        }
        self.say(ResumeField::Skills, skills);
    }

    fn work(&mut self) {
        let mut experience = Vec::new();
        for entry in self.entries("/work") {
            let at = |member: &str| format!("{entry}/{member}");
            let employer_at = if self.resume.pointer(&at("name")).is_some() { at("name") } else { at("company") };
            let (title, employer) = (self.text(&at("position")), self.text(&employer_at));
            let (from, until) = (self.day(&at("startDate"), First), self.day(&at("endDate"), Last));
            let summary = self.story(&entry);
            let (Ok(from), Ok(until)) = (from, until) else { continue };
            if from.zip(until).is_some_and(|(from, until)| until < from) {
                self.fault(&at("endDate"), "must not be before `startDate`");
                continue;
            }
            let members = [
                ("title", title.as_deref().map(one_line).map(Value::from)),
                ("employer", employer.as_deref().map(one_line).map(Value::from)),
                ("from", from.map(|day| json!(day))),
                ("until", until.map(|day| json!(day))),
                ("summary", summary.map(Value::from)),
            ];
            let work: Value = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect::<Map<_, _>>().into();
            let places = [
                ("/title", at("position")),
                ("/employer", at("name")),
                ("/from", at("startDate")),
                ("/until", at("endDate")),
                ("/summary", at("summary")),
            ];
            let places = places.each_ref().map(|(member, place)| (*member, place.as_str()));
            if self.has_room(ResumeField::Experience, experience.len(), &entry)
                && self.fits(ResumeField::Experience, &json!([work]), &places)
            {
                experience.push(work);
            }
        }
        self.say(ResumeField::Experience, experience);
    }

    /// What somebody did: the summary, then the highlights that still fit.
    fn story(&mut self, entry: &str) -> Option<String> {
        let mut story = String::new();
        let summary_at = format!("{entry}/summary");
        let mut pieces: Vec<(String, String)> = self.text(&summary_at).map(|text| (summary_at, text)).into_iter().collect();
        for pointer in self.entries(&format!("{entry}/highlights")) {
            pieces.extend(self.text(&pointer).map(|text| (pointer, format!("- {text}"))));
        }
        for (pointer, text) in pieces {
            let break_before = if story.is_empty() { "" } else { "\n" };
            if story.chars().count() + break_before.len() + text.chars().count() > STORY {
                self.fault(&pointer, format!("does not fit into the {STORY} characters that a profile has for an engagement"));
            } else {
                story.push_str(break_before);
                story.push_str(&text);
            }
        }
        Some(story).filter(|story| !story.is_empty())
    }

    /// A day; of a year or a month the first or the last. None where there is none; an error where it is not understood.
    fn day(&mut self, pointer: &str, which: WhichDay) -> Result<Option<NaiveDate>, NotUnderstood> {
        let Some(text) = self.text(pointer) else { return if self.is_told(pointer) { Err(NotUnderstood) } else { Ok(None) } };
        if which == Last && STILL.contains(&text.to_lowercase().as_str()) {
            return Ok(None);
        }
        let Some(day) = day(&text, which) else {
            self.fault(pointer, "must be a date such as 2019-04-01, 2019-04 or 2019");
            return Err(NotUnderstood);
        };
        self.map(pointer, &text, &day.to_string());
        Ok(Some(day))
    }

    /// Whether something stands there that is no text.
    fn is_told(&self, pointer: &str) -> bool {
        self.resume.pointer(pointer).is_some_and(|value| !value.is_null() && !value.is_string())
    }

    fn links(&mut self) {
        let mut links: Vec<Value> = Vec::new();
        let homepage = self.text("/basics/url").map(|url| ("/basics/url".to_owned(), "Website".to_owned(), "/basics/url".to_owned(), url));
        let mut found: Vec<_> = homepage.into_iter().collect();
        for entry in self.entries("/basics/profiles") {
            let (url_at, network_at) = (format!("{entry}/url"), format!("{entry}/network"));
            // An address says it all.
            self.value(&format!("{entry}/username"));
            let network = self.text(&network_at);
            match self.text(&url_at) {
                Some(url) => found.push((network_at, network.unwrap_or_else(|| host(&url)), url_at, url)),
                None => self.fault(&url_at, "is required: a profile keeps links"),
            }
        }
        for (label_at, label, url_at, url) in found {
            let link = json!({ "label": one_line(&label), "url": url });
            let again = links.iter().any(|known| known == &link);
            let places = [("/url", url_at.as_str()), ("/label", label_at.as_str())];
            if !again && self.has_room(ResumeField::Links, links.len(), &url_at) && self.fits(ResumeField::Links, &json!([link]), &places) {
                links.push(link);
            }
        }
        self.say(ResumeField::Links, links);
    }

    /// The places that nobody looked at, as high up as possible; what is empty says nothing.
    fn unused(&self, value: &Value, pointer: &mut String, left_out: &mut Vec<String>) {
        if self.used.contains(pointer.as_str()) {
            return;
        }
        let below = format!("{pointer}/");
        let partly = pointer.is_empty() || self.used.range(below.clone()..).next().is_some_and(|next| next.starts_with(&below));
        let members: Vec<(String, &Value)> = match value {
            Value::Object(members) => members.iter().map(|(name, each)| (name.replace('~', "~0").replace('/', "~1"), each)).collect(),
            Value::Array(list) => list.iter().take(LOOKED_AT).enumerate().map(|(index, each)| (index.to_string(), each)).collect(),
            Value::Null => return,
            Value::String(text) if text.trim().is_empty() => return,
            _ => return left_out.push(pointer.clone()),
        };
        if !partly && !members.is_empty() {
            return left_out.push(pointer.clone());
        }
        for (name, each) in members {
            let length = pointer.len();
            pointer.push('/');
            pointer.push_str(&name);
            self.unused(each, pointer, left_out);
            pointer.truncate(length);
        }
    }
}

/// That something stands there which is no date.
struct NotUnderstood;
