//! The operator's files: what they name is there. The metrics are the code's, the settings are `config/default.toml`'s, each alert leads
//! to a part of the runbook, and a node starts with what the compose files say.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use guildhall::config::load::load_from;
use guildhall::db::url::DatabaseUrl;
use guildhall::notifications::mailer::{MailSettings, Mailer};
use secrecy::ExposeSecret as _;
use serde_json::Value;

const DASHBOARD: &str = include_str!("../../config/grafana/guildhall.json");
const ALERTS: &str = include_str!("../../config/prometheus/alerts.yml");
const RUNBOOK: &str = include_str!("../../docs/operations.md");
const DEFAULTS: &str = include_str!("../../config/default.toml");
const COMPOSE: [(&str, &str); 2] = [
    ("docker-compose.yml", include_str!("../../docker-compose.yml")),
    ("config/compose/three-nodes.yml", include_str!("../../config/compose/three-nodes.yml")),
];
/// What whoever starts the compose files exports, as their heads say.
const EXPORTED: [(&str, &str); 5] = [
    ("GUILDHALL_AUTH__SECRET", "0123456789-abcdefghijklmnopqrstuvwxyz-9876543210"),
    ("GUILDHALL_MAIL__FROM", "Guildhall <no-reply@example.com>"),
    ("GUILDHALL_MAIL__URL", "smtps://user:password@mail.example.com"),
    ("GUILDHALL_SERVER__PUBLIC_URL", "https://hire.example.com"),
    ("POSTGRES_PASSWORD", "0123456789abcdef"),
];
/// Who names settings as the environment writes them.
const SETTINGS_ARE_NAMED_IN: [(&str, &str); 4] = [
    ("docs/operations.md", RUNBOOK),
    COMPOSE[0],
    COMPOSE[1],
    ("config/systemd/guildhall.service", include_str!("../../config/systemd/guildhall.service")),
];

/// What declares a metric, and what Prometheus appends to its name: a histogram is three series.
const KINDS: [(&str, &[&str]); 3] =
    [("metrics::counter!(", &[""]), ("metrics::gauge!(", &[""]), ("metrics::histogram!(", &["_bucket", "_sum", "_count"])];

/// The text of every source in a folder.
fn sources(folder: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            text.push_str(&sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&std::fs::read_to_string(&path).expect("a source"));
        }
    }
    text
}

/// The metrics that the code declares, each with its series.
fn declared() -> BTreeMap<String, Vec<String>> {
    let code = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let mut metrics = BTreeMap::new();
    for (declaration, suffixes) in KINDS {
        for rest in code.split(declaration).skip(1) {
            let name = rest.trim_start().strip_prefix('"').and_then(|name| name.split('"').next()).expect("a name that is written out");
            metrics.insert(name.to_owned(), suffixes.iter().map(|suffix| format!("{name}{suffix}")).collect());
        }
    }
    metrics
}

/// The words of a text that begin with `prefix`.
fn words<'a>(text: &'a str, prefix: &'a str) -> BTreeSet<&'a str> {
    let words = text.split(|each: char| !(each.is_ascii_alphanumeric() || each == '_'));
    words.filter(|word| word.len() > prefix.len() && word.starts_with(prefix)).collect()
}

fn metrics_in(text: &str) -> BTreeSet<&str> {
    words(text, "guildhall_")
}

/// The names by which links find the parts of a Markdown document.
fn anchors(document: &str) -> BTreeSet<String> {
    let headings = document.lines().filter(|line| line.starts_with("##")).map(|line| line.trim_start_matches('#').trim());
    let anchor = |heading: &str| {
        let kept = heading.chars().filter(|each| each.is_alphanumeric() || " -_".contains(*each));
        kept.map(|each| if each == ' ' { '-' } else { each.to_ascii_lowercase() }).collect::<String>()
    };
    headings.map(anchor).collect()
}

/// The settings that there are, such as `server.listen`.
fn keys() -> BTreeSet<String> {
    let (mut section, mut keys) = ("", BTreeSet::new());
    for line in DEFAULTS.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
        } else if let Some((key, _)) = line.split_once(" = ").filter(|(key, _)| !key.starts_with('#')) {
            keys.insert(format!("{section}.{key}"));
        }
    }
    keys
}

/// The same as the environment writes them.
fn settings() -> BTreeSet<String> {
    keys().into_iter().map(|key| format!("GUILDHALL_{}", key.replace('.', "__")).to_uppercase()).collect()
}

/// The keys in the first column of the runbook's table of settings; `limits.*` are all of a section.
fn described() -> BTreeSet<&'static str> {
    let (_, table) = RUNBOOK.split_once("\n| an operator meets | |\n").expect("a table of settings");
    let rows = table.lines().take_while(|line| line.starts_with('|')).skip(1);
    let first = rows.filter_map(|row| row.split('|').nth(1));
    first.flat_map(|cell| cell.split('`').skip(1).step_by(2)).filter(|name| name.contains('.')).collect()
}

/// A value of a compose file with its variables filled in.
fn filled_in(value: &str) -> String {
    let (mut done, mut rest) = (String::new(), value);
    while let Some((before, hole)) = rest.split_once("${") {
        let (hole, after) = hole.split_once('}').expect("an end of the hole");
        let name = hole.split(':').next().unwrap_or_default();
        let (_, exported) = EXPORTED.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("nobody says what {name} is"));
        done.push_str(before);
        done.push_str(exported);
        rest = after;
    }
    done.push_str(rest);
    done
}

/// The environments that a compose file gives to `guildhall`: a block for each, which services inherit by its anchor.
fn environments(compose: &str) -> Vec<HashMap<String, String>> {
    let indentation = |line: &str| line.len() - line.trim_start().len();
    let read = |block: &str| {
        let depth = block.lines().next().map_or(0, indentation);
        let lines = block.lines().take_while(|line| indentation(line) >= depth).map(str::trim).filter(|line| !line.starts_with('#'));
        let variable = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), filled_in(value))).expect("a variable");
        lines.map(variable).collect::<HashMap<_, _>>()
    };
    let blocks = compose.split("environment:\n").skip(1);
    blocks.map(read).filter(|variables| !variables.contains_key("POSTGRES_DB")).collect()
}

#[test]
fn the_dashboard_and_the_alerts_ask_for_metrics_that_there_are() {
    let series: BTreeSet<String> = declared().into_values().flatten().collect();
    for (file, text) in [("the dashboard", DASHBOARD), ("the alerts", ALERTS)] {
        let asked = metrics_in(text);
        let unknown: Vec<&&str> = asked.iter().filter(|name| !series.contains(**name)).collect();
        assert!(!asked.is_empty() && unknown.is_empty(), "{file} ask for what no code declares: {unknown:?}");
    }
}

#[test]
fn the_dashboard_shows_every_metric_once_it_is_read() {
    let dashboard: Value = serde_json::from_str(DASHBOARD).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let numbers: BTreeSet<i64> = panels.iter().filter_map(|panel| panel["id"].as_i64()).collect();
    assert_eq!(numbers.len(), panels.len(), "each panel has a number of its own");
    let mut shown = BTreeSet::new();
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        let targets = panel["targets"].as_array().expect("targets");
        assert!(!targets.is_empty(), "{} asks for nothing", panel["title"]);
        shown.extend(targets.iter().flat_map(|target| metrics_in(target["expr"].as_str().expect("a question"))));
    }
    let hidden: Vec<String> =
        declared().into_iter().filter(|(_, all)| !all.iter().any(|one| shown.contains(one.as_str()))).map(|(name, _)| name).collect();
    assert!(hidden.is_empty(), "config/grafana/guildhall.json shows nothing of {hidden:?}");
}

#[test]
fn every_alert_leads_to_a_part_of_the_runbook() {
    let parts = anchors(RUNBOOK);
    let alerts: Vec<&str> = ALERTS.split("- alert: ").skip(1).collect();
    assert!(!alerts.is_empty());
    for alert in alerts {
        let name = alert.lines().next().unwrap_or_default();
        let member = |key: &str| alert.lines().find_map(|line| line.trim_start().strip_prefix(key)).map(str::trim);
        let part = member("runbook: docs/operations.md#");
        assert!(part.is_some_and(|part| parts.contains(part)), "{name} leads to {part:?}, and docs/operations.md has {parts:?}");
        assert!(member("expr:").is_some() && member("summary:").is_some(), "{name} asks nothing, or says nothing");
        let severity = member("labels:").unwrap_or_default();
        assert!(["{ severity: page }", "{ severity: ticket }"].contains(&severity), "{name}: is it for now or for tomorrow?");
    }
}

#[test]
fn the_runbook_explains_every_metric() {
    let (declared, explained) = (declared(), metrics_in(RUNBOOK));
    let missing: Vec<&String> = declared.keys().filter(|name| !explained.contains(name.as_str())).collect();
    let unknown: Vec<&&str> = explained.iter().filter(|name| !declared.contains_key(**name)).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "docs/operations.md does not explain {missing:?}; no code declares {unknown:?}");
}

#[test]
fn the_operators_files_name_settings_that_there_are() {
    let settings = settings();
    for (file, text) in SETTINGS_ARE_NAMED_IN {
        let named: Vec<&str> = words(text, "GUILDHALL_").into_iter().filter(|name| name.contains("__")).collect();
        let unknown: Vec<&&str> = named.iter().filter(|name| !settings.contains(**name)).collect();
        assert!(unknown.is_empty(), "{file} names settings that are not in config/default.toml: {unknown:?}");
    }
}

#[test]
fn the_runbook_describes_every_setting() {
    let (keys, described) = (keys(), described());
    let covers = |name: &str, key: &str| name == key || name.strip_suffix('*').is_some_and(|section| key.starts_with(section));
    let missing: Vec<&String> = keys.iter().filter(|key| !described.iter().any(|name| covers(name, key))).collect();
    // Whom one can sign in with is named as one likes.
    let named = described.iter().filter(|name| !name.starts_with("auth.providers.") && !name.starts_with('.'));
    let unknown: Vec<&&str> = named.filter(|name| !keys.iter().any(|key| covers(name, key))).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "docs/operations.md lacks {missing:?} in its table, and has {unknown:?}");
}

#[test]
fn a_node_starts_with_what_the_compose_files_say() {
    for (file, text) in COMPOSE {
        let environments = environments(text);
        assert_eq!((environments.len(), text.matches("image: guildhall\n").count()), (1, 1), "{file}: all services have the same");
        for variables in environments {
            assert!(variables.contains_key("GUILDHALL_ENV"), "{file} does not say whether it is for production");
            let settings = load_from(None, variables).unwrap_or_else(|refusal| panic!("{file}: {refusal}"));
            let mailer = Mailer::new(&MailSettings::from(&settings.mail)).map(|_| ());
            assert_eq!((DatabaseUrl::parse(&settings.database.url).err(), mailer), (None, Ok(())), "{file}");
            let url = settings.database.url.expose_secret();
            if let Some((_, place)) = url.split_once("@%2F") {
                let folder = place.split('/').next().unwrap_or_default().replace("%2F", "/");
                let shared = text.lines().filter(|line| line.contains("volumes: [") && line.contains(&format!("socket:/{folder}"))).count();
                assert_eq!(shared, 2, "{file}: PostgreSQL and the nodes share /{folder}");
            }
        }
    }
}
