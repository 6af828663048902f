//! The operator's files: what they name is there. The metrics are the code's, the settings are `config/default.toml`'s, and each
//! alert leads to a part of the runbook.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

const DASHBOARD: &str = include_str!("../../config/grafana/guildhall.json");
const ALERTS: &str = include_str!("../../config/prometheus/alerts.yml");
const RUNBOOK: &str = include_str!("../../docs/operations.md");
const DEFAULTS: &str = include_str!("../../config/default.toml");
/// Who names settings as the environment writes them.
const SETTINGS_ARE_NAMED_IN: [(&str, &str); 4] = [
    ("docs/operations.md", RUNBOOK),
    ("docker-compose.yml", include_str!("../../docker-compose.yml")),
    ("config/compose/three-nodes.yml", include_str!("../../config/compose/three-nodes.yml")),
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

/// The settings that there are, as the environment writes them.
fn settings() -> BTreeSet<String> {
    let (mut section, mut settings) = (String::new(), BTreeSet::new());
    for line in DEFAULTS.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.replace('.', "__");
        } else if let Some((key, _)) = line.split_once(" = ").filter(|(key, _)| !key.starts_with('#')) {
            settings.insert(format!("GUILDHALL_{section}__{key}").to_uppercase());
        }
    }
    settings
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
