//! x
fn main() { println!("{}", tantivy::version_string()); }
