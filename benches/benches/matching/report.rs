//! What was measured, a line each, and the bars of the design with PASS or FAIL.

/// Collects bars; the run fails when one does.
#[derive(Debug, Default)]
pub struct Report {
    lines: Vec<String>,
    failed: usize,
}

impl Report {
    /// A bar: `value` of `unit` is at most `limit`. One that is stated for another size (`counts` is false) is shown only.
    pub fn at_most(&mut self, name: &str, value: f64, limit: f64, unit: &str, counts: bool) {
        self.bar(name, &format!("{value:.3} ≤ {limit:.3} {unit}"), value <= limit, counts);
    }

    /// A bar: `value` of `unit` is at least `limit`.
    pub fn at_least(&mut self, name: &str, value: f64, limit: f64, unit: &str, counts: bool) {
        self.bar(name, &format!("{value:.2} ≥ {limit:.2} {unit}"), value >= limit, counts);
    }

    /// A bar: there are no differences.
    pub fn equal(&mut self, name: &str, differences: &[String]) {
        for difference in differences.iter().take(5) {
            println!("DIFFERENT {name}: {difference}");
        }
        if !differences.is_empty() {
            self.bar(name, &format!("{} differences", differences.len()), false, true);
        }
    }

    fn bar(&mut self, name: &str, comparison: &str, holds: bool, counts: bool) {
        let verdict = match (holds, counts) {
            (true, true) => "PASS",
            (false, true) => "FAIL",
            (true, false) => "(ok)",
            (false, false) => "(no)",
        };
        self.failed += usize::from(!holds && counts);
        self.lines.push(format!("{verdict}  {name:<58} {comparison}"));
    }

    /// Prints all bars; whether all that count hold.
    pub fn finish(&self) -> bool {
        println!("\n== Bars of design/matching.md (in brackets: stated for a larger size than was run)");
        self.lines.iter().for_each(|line| println!("{line}"));
        println!("{}", if self.failed == 0 { "All bars hold.".to_owned() } else { format!("{} bars FAIL.", self.failed) });
        self.failed == 0
    }
}
