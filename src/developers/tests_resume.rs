//! What of a résumé is understood, and what is said of the rest.

use serde_json::{Value, json};

use crate::developers::resume_reading::read;
use crate::developers::resume_words::{Reading, ResumeField};
use crate::kernel::error::Fault;
use crate::kernel::words::Word as _;
use crate::skills::catalogue::seed;

fn reading(resume: Value) -> Reading {
    read(&resume, &seed().unwrap()).unwrap()
}

fn places(faults: &[Fault]) -> Vec<&str> {
    faults.iter().map(|fault| fault.pointer.as_str()).collect()
}

#[test]
fn what_is_understood_is_said_in_the_words_of_a_profile() {
    let Reading { said, profile, mapped, not_understood, left_out, to_complete } = reading(json!({
        "$schema": "x", "meta": { "version": "v1.0.0" },
        "basics": { "name": "A developer", "label": " Go  engineer ", "summary": "Ledgers.", "location": { "countryCode": "de", "city": "Here" },
            "url": "https://example.com", "profiles": [{ "network": "Code", "username": "x", "url": "https://example.com/code" }] },
        "work": [{ "name": "A bank", "position": "Engineer", "startDate": "2019-04", "endDate": "2020", "summary": "Ran it.", "highlights": ["Faster", "Safer"] },
            { "company": "A shop", "position": "Engineer", "startDate": "2021-02-03", "endDate": "Present" }],
        "skills": [{ "name": "What I do best", "level": "Master", "keywords": ["Golang", "gRPC"] }, { "name": "K8s", "level": "2", "years": 3 }, "Redis"],
        "languages": [{ "language": "english", "fluency": "Native" }, { "language": "pt-BR" }],
        "education": [{ "institution": "A school" }], "awards": [],
    }));
    assert_eq!(said, ResumeField::ALL);
    assert_eq!((profile.headline.as_deref(), profile.country.as_deref()), (Some("Go engineer"), Some("DE")));
    assert_eq!(profile.languages, ["en", "pt-BR"]);
    let skills: Vec<_> = profile.skills.iter().map(|skill| (skill.slug.as_str(), skill.level.number(), skill.years)).collect();
    assert_eq!(skills, [("go", 5, 0.0), ("grpc", 5, 0.0), ("kubernetes", 2, 3.0), ("redis", 2, 0.0)]);
    let days: Vec<_> = profile.experience.iter().map(|work| (work.from.to_string(), work.until.map(|day| day.to_string()))).collect();
    assert_eq!(days, [("2019-04-01".to_owned(), Some("2020-12-31".to_owned())), ("2021-02-03".to_owned(), None)]);
    assert_eq!(profile.experience[0].summary.as_deref(), Some("Ran it.\n- Faster\n- Safer"));
    assert_eq!(profile.links.iter().map(|link| link.label.as_str()).collect::<Vec<_>>(), ["Website", "Code"]);
    let mapped: Vec<_> = mapped.iter().map(|each| (each.pointer.as_str(), each.read_as.as_str())).collect();
    for expected in [("/skills/0/keywords/0", "go"), ("/work/0/startDate", "2019-04-01"), ("/languages/0/language", "en")] {
        assert!(mapped.contains(&expected), "{mapped:?}");
    }
    assert!(not_understood.is_empty(), "{not_understood:?}");
    assert_eq!(left_out, ["/basics/name", "/basics/location/city", "/languages/0/fluency", "/education"]);
    assert_eq!(places(&to_complete), ["/skills/0/years", "/skills/1/years", "/skills/3/level", "/skills/3/years"]);
}

#[test]
fn what_is_not_understood_says_where_it_stands_and_the_rest_is_taken() {
    let Reading { said, profile, not_understood, .. } = reading(json!({
        "basics": { "label": "x".repeat(161), "location": { "countryCode": "XX" }, "profiles": [{ "network": "Code" }, { "url": "ftp://x" }] },
        "work": [{ "name": "A bank", "startDate": "2019" }, { "name": "A", "position": "B", "startDate": "2019-13" },
            { "name": "A", "position": "B", "startDate": "2019", "endDate": "2018" }, { "name": "A", "position": "B", "startDate": 2019 },
            { "name": "A", "position": "B", "startDate": "2019", "summary": "s".repeat(1001) }],
        "skills": [{ "name": "golanf" }, { "name": "go", "level": "wizard", "years": -1 }], "languages": [{ "language": "Klingonese" }, 7],
    }));
    assert_eq!(said, [ResumeField::Skills, ResumeField::Experience]);
    assert_eq!(profile.experience.len(), 1, "an engagement without its long summary");
    let mut found = places(&not_understood);
    found.sort_unstable();
    let expected = [
        "/basics/label",
        "/basics/location/countryCode",
        "/basics/profiles/0/url",
        "/basics/profiles/1/url",
        "/languages/0/language",
        "/skills/0/name",
        "/skills/1/level",
        "/skills/1/years",
        "/work/0/position",
        "/work/1/startDate",
        "/work/2/endDate",
        "/work/3/startDate",
        "/work/4/summary",
    ];
    assert_eq!(found, expected);
    assert!(not_understood.iter().any(|fault| fault.detail.contains("did you mean go")), "{not_understood:?}");
}
