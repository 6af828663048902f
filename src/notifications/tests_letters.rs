//! What the letters say and how they look, in both forms, also to and about people who mean no good.

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

/// What is a letter's own in `html`: without the frame, and without the styles, which the layout has for all.
fn body(html: &str) -> String {
    let (_, own) = html.split_once("<h1").expect("a heading");
    let (own, _) = own.split_once("</tbody></table></div><!--").expect("an end");
    let (mut bare, mut rest) = (String::from("<h1"), own);
    while let Some((before, after)) = rest.split_once(" style=\"") {
        bare.push_str(before);
        rest = after.split_once('"').expect("the end of a style").1;
    }
    bare.push_str(rest);
    bare.replace("<tr>", "\n<tr>").lines().map(str::trim).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_kind_looks_as_it_did_before() {
    let letters = samples("Ledger Works & Sons", "Thank you.\nSee you soon.");
    let own = |letter: &Letter| {
        let rendered = scribe().render(letter, &recipient("Jo Do")).expect("a letter");
        format!("===== {}\n{}", letter.kind(), body(&rendered.html))
    };
    insta::assert_snapshot!("letters_html", letters.iter().map(own).collect::<Vec<_>>().join("\n"));
}

/// After a change of the layout: `GUILDHALL_WRITE_LAYOUT=1 cargo test layout`, then look at `guildhall mail preview`.
#[test]
fn the_layout_is_what_mjml_makes_of_it() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/notifications/templates");
    let source = std::fs::read_to_string(format!("{folder}/letter.mjml")).expect("the layout");
    let parsed = mrml::parse(&source).expect("MJML");
    assert!(parsed.warnings.is_empty(), "{:?}", parsed.warnings);
    // No fonts from elsewhere: a mail loads nothing.
    let options = mrml::prelude::render::RenderOptions { fonts: std::collections::HashMap::new(), ..Default::default() };
    let made = format!("{}\n", parsed.element.render(&options).expect("HTML"));
    let file = format!("{folder}/letter.html");
    if std::env::var_os("GUILDHALL_WRITE_LAYOUT").is_some() {
        std::fs::write(&file, &made).expect("a written layout");
    }
    assert!(made == std::fs::read_to_string(&file).expect("the made layout"), "letter.html is not what letter.mjml makes: write it anew");
}

#[test]
fn a_mail_loads_nothing_and_can_be_read_aloud() {
    for letter in samples("Ledger Works", "Thank you") {
        let html = scribe().render(&letter, &recipient("Jo Do")).expect("a letter").html;
        for outside in ["src=", "url(", "@import", "<link", "<img", "<script", "fonts.g"] {
            assert!(!html.contains(outside), "{} has {outside}", letter.kind());
        }
        for needed in ["<html lang=\"en\"", "<title>", "role=\"article\"", "prefers-color-scheme: dark", "<!--[if mso"] {
            assert!(html.contains(needed), "{} lacks {needed}", letter.kind());
        }
    }
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
            let escaped = piece.replace('&', "&#38;").replace('\'', "&#39;").replace('\n', "<br />");
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

/// How many elements of each name `html` has, comments for Outlook counted too.
fn elements(html: &str) -> std::collections::BTreeMap<&str, usize> {
    let mut counted = std::collections::BTreeMap::new();
    for tag in html.split('<').skip(1) {
        *counted.entry(tag.split([' ', '>', '\n']).next().unwrap_or_default()).or_default() += 1;
    }
    counted
}

#[test]
fn nothing_a_person_wrote_is_markup_or_an_instruction() {
    let render = |words: &str| -> Vec<String> {
        let rendered = |letter: &Letter| scribe().render(letter, &recipient(words)).expect("a letter").html;
        samples(words, words).iter().map(rendered).collect()
    };
    let plain = render("words");
    let hostile = [
        "</p></td><mj-raw><script>alert(1)</script></mj-raw>",
        "<mj-include path=\"/etc/passwd\" />",
        "{{ letter.footer }}{% for x in y %}{# gone #}",
        "--><![endif]--><!--[if mso]><b>",
        "\" onmouseover=\"alert(1)\" style=\"position:fixed",
        "&lt;b&gt; &#60;i&#62; <![CDATA[<u>]]>",
    ];
    for words in hostile {
        for (html, plain) in render(words).iter().zip(&plain) {
            assert_eq!(elements(html), elements(plain), "{words}");
            assert_eq!(html.matches('"').count(), plain.matches('"').count(), "{words}");
            assert_eq!(html.matches("Guildhall sends you").count(), 1, "{words}");
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
