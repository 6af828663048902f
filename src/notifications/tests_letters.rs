//! What the letters say, in both forms, also to and about people who mean no good.

use std::sync::Arc;

use crate::kernel::words::Word as _;
use crate::notifications::domain::{Letter, LetterKind};
use crate::notifications::letters::{Links, Scribe};
use crate::notifications::samples::{recipient, samples, trial};

fn scribe() -> Scribe {
    Scribe::new(
        Links { base: "https://guildhall.example/".to_owned() },
        Arc::new(|id| format!("secret+{id}")),
        Arc::new(|who, kind| format!("https://guildhall.example/unsubscribe?token={who}.{kind}")),
    )
}

#[test]
fn every_kind_says_what_it_said_before() {
    let letters = samples("Ledger Works", "Thank you.\nSee you soon.");
    assert!(LetterKind::ALL.iter().all(|kind| letters.iter().any(|letter| letter.kind() == *kind)), "a sample of each kind");
    let text = |letter: &Letter| {
        let rendered = scribe().render(letter, &recipient("Jo Do")).expect("a letter");
        format!("===== {} · {}\n{}", letter.kind(), rendered.subject, rendered.text)
    };
    insta::assert_snapshot!("letters", letters.iter().map(text).collect::<Vec<_>>().join("\n"));
}

#[test]
fn both_forms_say_the_same() {
    for letter in samples("Ledger Works", "Thank you") {
        let person = recipient("Jo Do");
        let composed = scribe().compose(&letter, &person);
        let rendered = scribe().render(&letter, &person).expect("a letter");
        let url = composed.action.as_ref().map(|(_, url)| url.clone());
        let facts = composed.facts.iter().map(|(_, value)| value.clone());
        for piece in composed
            .paragraphs
            .iter()
            .cloned()
            .chain(facts)
            .chain(url)
            .chain(composed.unsubscribe)
            .chain([composed.greeting, composed.subject])
        {
            let escaped = piece.replace('&', "&#38;").replace('\'', "&#39;");
            assert!(rendered.text.contains(&piece), "{piece:?} is missing in the text of {}", letter.kind());
            assert!(rendered.html.contains(&escaped), "{piece:?} is missing in the HTML of {}", letter.kind());
        }
    }
}

#[test]
fn the_outbox_keeps_a_letter_as_it_is_and_no_token() {
    for letter in samples("Ledger Works", "Thank you") {
        let json = serde_json::to_string(&letter).expect("JSON");
        assert_eq!(serde_json::from_str::<Letter>(&json).expect("a letter"), letter);
        assert!(json.contains(&format!(r#""kind":"{}""#, letter.kind())) && !json.contains("secret"), "{json}");
    }
}

#[test]
fn hostile_words_do_no_harm() {
    let long = "x".repeat(300);
    let hostile = ["<img src=x onerror=alert(1)>", "a\r\nBcc: victim@example.com", "\u{202e}gpj.exe\0", "{}{{}}", long.as_str()];
    for words in hostile {
        for letter in samples(words, words) {
            let rendered = scribe().render(&letter, &recipient(words)).expect("a letter");
            assert!(!rendered.html.contains("<img"), "{}", rendered.html);
            assert!(!rendered.subject.contains(['\r', '\n', '\0', '\u{202e}']) && rendered.subject.chars().count() <= 160);
            assert!(!rendered.text.contains(['\0', '\r', '\u{202e}']));
        }
    }
}

#[test]
fn links_carry_the_token_and_subjects_name_the_thing() {
    let rendered = |letter: Letter| scribe().render(&letter, &recipient("Jo Do")).expect("a letter");
    let verify = rendered(Letter::VerifyEmail { token_id: crate::kernel::ids::MailTokenId::from_u128(5) });
    assert!(verify.text.contains("https://guildhall.example/verify-email?token=secret%2Btoken_"), "{}", verify.text);
    assert_eq!(verify.subject, "Verify your e-mail");
    let accepted = rendered(Letter::TrialAccepted { trial: trial("Ledger Works") });
    assert_eq!(accepted.subject, "Ledger Works accepted your trial offer");
    assert!(accepted.text.contains("Tue 1 Dec 2026, 01:00 (Europe/Berlin) / Tue 1 Dec 2026, 00:00 (Europe/London)"), "{}", accepted.text);
}
